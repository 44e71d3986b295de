-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a plugin's callbacks get of the double of Wireshark's API (`loading.lua`): buffers,
-- the tree, whose items are written down, and a frame as a whole.

local mock = ...
local strict, protocols = mock.strict, mock.protocols

local function expiring(what)
	local frame = mock.current
	return function()
		assert(frame and frame == mock.current, what .. " is used after its frame")
	end
end

--------------------------------------------------------------------------------
-- Buffers

local function range_of(data, from, length)
	local check = expiring("a range")
	local function number(sizes, little)
		check()
		assert(length > 0 and length <= sizes, "a number of another size")
		local value = 0
		for i = 1, length do
			local at = little and (from + length - i) or (from + i - 1)
			value = value * 256 + data:byte(at + 1)
		end
		return value
	end
	local range = strict("TvbRange", {
		len = function() return length end,
		uint64 = function() return number(8, false) end,
		le_uint64 = function() return number(8, true) end,
		int64 = function() return number(8, false) end,
		le_int64 = function() return number(8, true) end,
		tvb = function() check() return mock.tvb_of(data, from, length, length) end,
		is_range = true, from = from,
		raw_bytes = function() check() return data:sub(from + 1, from + length) end,
	})
	return range
end

-- A buffer of `length` captured bytes of what was `reported` long.
function mock.tvb_of(data, from, length, reported)
	local check = expiring("a tvb")
	local function range(_, at, count)
		check()
		at = at or 0
		count = count or length - at
		assert(at % 1 == 0 and count % 1 == 0)
		assert(at >= 0 and count >= 0 and at + count <= length, "Range is out of bounds")
		return range_of(data, from + at, count)
	end
	return setmetatable({}, {
		__call = range,
		__index = strict("Tvb", {
			is_tvb = true,
			range = range,
			len = function() check() return length end,
			reported_len = function() check() return reported end,
			offset = function() check() return from end,
			raw = function(_, at, count)
				check()
				at = at or 0
				count = count or length - at
				assert(at >= 0 and count >= 0 and at + count <= length, "Range is out of bounds")
				return data:sub(from + at + 1, from + at + count)
			end,
		}),
		__newindex = function() error("a tvb is not written to") end,
	})
end

--------------------------------------------------------------------------------
-- The tree

local function note(depth, abbr, range, value)
	local shown = mock.current.shown
	shown[#shown + 1] = { depth = depth, abbr = abbr, raw = range and range.raw_bytes(), value = value }
end

local item_of
local VALUE_TYPES = { string = "string", number = "number", framenum = "number" }

local function registered(proto_fields, field)
	for _, other in pairs(proto_fields) do
		if other == field then
			return true
		end
	end
	return false
end

local function is_registered(field)
	for _, proto in pairs(protocols) do
		if registered(proto.fields or {}, field) then
			return true
		end
	end
	return false
end

-- Whether a field of this name is one of a protocol's.
local function owns(proto, abbr)
	for _, field in pairs(proto.fields or {}) do
		if field.abbr == abbr then
			return true
		end
	end
	for _, made in pairs(proto.experts or {}) do
		if made.abbr == abbr then
			return true
		end
	end
	return false
end

local checked = {}
local function check_field(field)
	if not checked[field] then
		assert(field.is_field and is_registered(field), "not a registered field")
		checked[field] = true
	end
end

local function add(depth, what, range, value)
	if what.is_range then
		assert(type(range) == "string" and value == nil, "a text item without a text")
		note(depth, "", what, range)
		return item_of(depth + 1)
	elseif what.is_proto then
		assert(range == nil or range.is_range)
		note(depth, what.name, range)
		return item_of(depth + 1)
	end
	check_field(what)
	local kind = what.kind
	if range ~= nil and not (type(range) == "table" and range.is_range) then
		-- A generated item: no bytes, a value.
		assert(value == nil, "too many arguments")
		range, value = nil, range
	end
	if value == nil then
		assert(range, what.abbr .. " has neither bytes nor a value")
		assert(kind ~= "framenum" and kind ~= "time", what.abbr .. " needs a value")
		local size = range:len()
		if kind == "number" and what.width == 8 then
			assert(size == 8 or size == 4, what.abbr .. " has another size")
		elseif kind == "number" or kind == "address" or kind == "bool" then
			assert(size == what.width, what.abbr .. " has another size")
		end
	elseif kind == "time" then
		assert(type(value) == "table" and value.is_time, what.abbr .. " needs an NSTime")
	elseif kind == "bool" then
		assert(type(value) == "boolean" or type(value) == "number")
	else
		assert(type(value) == VALUE_TYPES[kind], what.abbr .. " has a value of another type")
		assert(kind == "string" or value % 1 == 0, what.abbr .. " has a fraction")
	end
	note(depth, what.abbr, range, value)
	return item_of(depth + 1)
end

item_of = function(depth)
	local frame = mock.current
	local check = expiring("a tree item")
	local item
	local function checking(call)
		return function(self, ...)
			check()
			assert(self == item, "a method without its item")
			return call(...)
		end
	end
	local function text_of(text)
		assert(type(text) == "string")
		assert(not text:find("%c"), "a control byte in a text of the tree")
		return item
	end
	item = strict("TreeItem", {
		add = checking(function(...) return add(depth, ...) end),
		add_le = checking(function(...) return add(depth, ...) end),
		add_packet_field = checking(function(field, range, encoding)
			assert(encoding == ENC_UTF_8 and field.kind == "string" and range:len() > 0)
			return add(depth, field, range)
		end),
		append_text = checking(text_of),
		set_text = checking(text_of),
		set_generated = checking(function() return item end),
		set_hidden = checking(function() return item end),
		referenced = checking(function(what)
			if what.is_handle then
				return frame.visible or frame.asked[what.proto.name] == true
			end
			check_field(what)
			return frame.visible or frame.filter[what.abbr] == true
		end),
		visible = frame.visible,
		add_proto_expert_info = checking(function(which, ...)
			local text = ...
			assert(type(which) == "table" and which.is_expert)
			assert(select("#", ...) == 0 or (type(text) == "string" and not text:find("%c")))
			frame.experts[#frame.experts + 1] = which.abbr .. ": " .. tostring(text)
			return item
		end),
	})
	return item
end

-- The class, by which methods are called as functions.
TreeItem = {}
for _, name in ipairs({ "add", "add_le", "append_text", "set_text" }) do
	TreeItem[name] = function(item, ...)
		return item[name](item, ...)
	end
end

--------------------------------------------------------------------------------
-- A frame

-- A column that can be set, and read as a text.
local function columns()
	local texts = {}
	return texts, setmetatable({}, {
		__newindex = function(_, key, text)
			assert(key == "info" or key == "protocol", key)
			assert(type(text) == "string" and not text:find("%c"), "not a text of one line")
			texts[key] = text
		end,
		__index = function(_, key)
			error("columns are only written: " .. key)
		end,
	})
end

local function u32(data, at, big)
	local a, b, c, d = data:byte(at + 1, at + 4)
	if big then
		a, b, c, d = d, c, b, a
	end
	return ((d * 256 + c) * 256 + b) * 256 + a
end

-- Hands each message of a generic netlink frame to the family that `mock.ids` names
-- for its type, as Wireshark's own dissector does.
function mock.netlink(tvb, pinfo, tree)
	local current = mock.current
	local data, captured, at = current.data, tvb:len(), 16
	while at + 16 <= captured do
		local length = u32(data, at, current.big)
		if length < 16 then
			break
		end
		local low, high = data:byte(at + 5, at + 6)
		local kind = current.big and low * 256 + high or high * 256 + low
		local proto = mock.families[mock.ids[kind] or ""]
		local stop = math.min(at + length, #data)
		if proto and stop > at + 16 and captured > at + 16 then
			local inner = mock.tvb_of(data:sub(1, captured), at + 16, math.min(stop, captured) - at - 16, stop - at - 16)
			current.texts.info = nil
			assert(proto.dissector(inner, pinfo, tree) > 0)
			-- As a frame that was cut ends.
			if stop > captured then
				error("Malformed frame")
			end
		end
		at = at + length + -length % 4
	end
	return captured
end

-- A frame: data, captured (bytes of it), number, time, visible, filter (names of fields
-- and protocols), big, comments, visited, treeless (as in the first of tshark's two passes).
function mock.frame(frame)
	mock.loading = false
	local data = frame.data
	local captured = math.min(frame.captured or #data, #data)
	local filter, asked = {}, {}
	for _, abbr in ipairs(frame.filter or {}) do
		assert(mock.known[abbr] or protocols[abbr], abbr .. " is not a field")
		filter[abbr] = true
		for name, proto in pairs(protocols) do
			if name == abbr or owns(proto, abbr) then
				asked[name] = true
			end
		end
	end
	local texts, cols = columns()
	local result = {
		shown = {}, experts = {}, filter = filter, asked = asked, visible = frame.visible ~= false,
		treeless = frame.treeless, comments = frame.comments or {}, primed = mock.primed, data = data, big = frame.big, texts = texts,
	}
	mock.current = result
	local seen = data:sub(1, captured)
	local tvb = mock.tvb_of(seen, 0, captured, #data)
	local pinfo = strict("Pinfo", {
		cols = cols, number = frame.number or 1, visited = frame.visited or false,
		rel_ts = frame.time or 0, abs_ts = 1.7e9 + (frame.time or 0),
	})
	if mock.hook then
		mock.hook.dissector(tvb, pinfo, item_of(0))
	else
		mock.built_in:call(tvb, pinfo, item_of(0))
	end
	local is_added = false
	for _, comment in ipairs(result.comments) do
		is_added = is_added or comment == "added by nlcap"
	end
	if mock.tap and not is_added then
		mock.tap.packet(pinfo, tvb)
	end
	mock.current = nil
	return result.shown, result.experts, texts.info, texts.protocol
end

-- Another capture file is opened.
function mock.reopen()
	for _, proto in pairs(protocols) do
		if proto.init then
			proto.init()
		end
	end
end
