-- SPDX-License-Identifier: GPL-2.0-or-later
-- Wireshark's Lua API as far as the dissectors use it, and stricter. These are
-- errors: reading past the buffer, a field that is not registered or gets a value
-- of another type or size, an unknown name, what may only be done while loading done
-- in a callback and the other way round, and a buffer or an item kept for longer
-- than its frame. What is added to the tree is written down.

local mock = { ids = {}, families = {}, prefs = {} }

-- Nothing but loading is going on before the first frame.
local loading = true
local function while_loading(what)
	assert(loading, what .. " may be called while loading only")
end
-- The frame at hand; its buffers and items are gone with it.
local current

local function strict(name, members)
	return setmetatable(members, {
		__index = function(_, key)
			error(name .. " has no " .. tostring(key), 2)
		end,
		__newindex = function(_, key)
			error(name .. " has no " .. tostring(key), 2)
		end,
	})
end

--------------------------------------------------------------------------------
-- Fields

local known = {} -- every abbreviation that exists
local function name_it(abbr)
	assert(type(abbr) == "string" and abbr:find("%.") and not abbr:find("[^%w_.%-]"), "a bad field name")
	assert(not known[abbr], abbr .. " is there twice")
	known[abbr] = true
end

local function check_text(text, what)
	assert(text == nil or type(text) == "string", what .. " is not a text")
end

local BASES = { NONE = 0, DEC = 1, HEX = 2, UNICODE = 3 }
base = strict("base", BASES)

local function number_field(width)
	return function(abbr, label, shown, names, mask, doc)
		while_loading("ProtoField")
		name_it(abbr)
		assert(type(label) == "string" and #label > 0, abbr .. " has no label")
		assert(shown == base.DEC or (shown == base.HEX and names == nil), abbr .. " is shown wrongly")
		assert(names == nil or type(names) == "table")
		for number, text in pairs(names or {}) do
			assert(type(number) == "number" and number % 1 == 0 and type(text) == "string")
		end
		assert(mask == nil or type(mask) == "number")
		check_text(doc, "the description")
		return { kind = "number", width = width, abbr = abbr, is_field = true, masked = mask ~= nil }
	end
end

local function plain_field(kind, width, has_base)
	return function(abbr, label, ...)
		while_loading("ProtoField")
		name_it(abbr)
		assert(type(label) == "string" or label == nil)
		local doc = ...
		if has_base then
			local shown
			shown, doc = ...
			assert(shown == nil or shown == base.NONE or shown == base.UNICODE)
		end
		check_text(doc, "the description")
		return { kind = kind, width = width, abbr = abbr, is_field = true }
	end
end

ProtoField = strict("ProtoField", {
	uint8 = number_field(1), uint16 = number_field(2), uint32 = number_field(4), uint64 = number_field(8),
	int8 = number_field(1), int16 = number_field(2), int32 = number_field(4), int64 = number_field(8),
	bool = function(abbr, label, bits, names, mask, doc)
		while_loading("ProtoField")
		name_it(abbr)
		assert(bits == 8 or bits == 16 or bits == 32, abbr .. ": Wireshark 4.0 takes no mask of 64 bits")
		assert(mask >= 1 and mask < 2 ^ bits and mask % 1 == 0, abbr .. " has a bad mask")
		assert(#names == 2 and type(label) == "string")
		check_text(doc, "the description")
		return { kind = "bool", width = bits / 8, abbr = abbr, is_field = true }
	end,
	string = plain_field("string", nil, true), bytes = plain_field("bytes", nil, true),
	ether = plain_field("address", 6), ipv4 = plain_field("address", 4),
	ipv6 = plain_field("address", 16), guid = plain_field("address", 16),
	none = plain_field("none"),
	relative_time = plain_field("time"),
	framenum = function(abbr, label, shown, kind, mask, doc)
		while_loading("ProtoField")
		name_it(abbr)
		assert(shown == base.NONE and kind and mask == nil and type(label) == "string")
		check_text(doc, "the description")
		return { kind = "framenum", abbr = abbr, is_field = true }
	end,
})
frametype = strict("frametype", { NONE = 10, REQUEST = 1, RESPONSE = 2 })

expert = strict("expert", {
	group = strict("expert.group", {
		MALFORMED = 1, UNDECODED = 2, PROTOCOL = 3, RESPONSE_CODE = 4, SEQUENCE = 5,
	}),
	severity = strict("expert.severity", { CHAT = 0, NOTE = 1, WARN = 2, ERROR = 3 }),
})
ProtoExpert = strict("ProtoExpert", {
	new = function(abbr, text, group, severity)
		while_loading("ProtoExpert.new")
		name_it(abbr)
		assert(type(text) == "string" and group and severity)
		return { abbr = abbr, is_expert = true }
	end,
})
ENC_UTF_8 = 2

local function expiring(what)
	local frame = current
	return function()
		assert(frame and frame == current, what .. " is used after its frame")
	end
end

-- Fields of Wireshark's own: an extractor costs every frame of every file a tree, so
-- there is none. What stands in the tree already is listed, and that is a comment where
-- somebody looks or a tap asked for it before the frame.
Field = strict("Field", {})
function all_field_infos()
	assert(current, "fields are listed outside a callback")
	local infos = {}
	if current.visible or current.primed then
		for i, comment in ipairs(current.comments) do
			infos[i] = strict("FieldInfo", { name = "frame.comment", value = comment })
		end
	end
	return (table.unpack or unpack)(infos)
end
Listener = strict("Listener", {
	new = function(tap, filter)
		assert(tap == "frame")
		-- A filter has its fields made.
		mock.primed = true
		if filter == "frame.comment" then
			return {}
		end
		assert(filter == '!(frame.comment == "added by nlcap")', filter)
		mock.tap = {}
		return mock.tap
	end,
})
mock.statistics = {}
function register_stat_cmd_arg(name, call)
	while_loading("register_stat_cmd_arg")
	mock.statistics[name] = call
end
function gui_enabled()
	return mock.gui or false
end
wtap = { NETLINK = 158 }

NSTime = strict("NSTime", {
	new = function(seconds, nanoseconds)
		assert(seconds % 1 == 0 and nanoseconds % 1 == 0 and math.abs(nanoseconds) < 1e9, "a bad time")
		return { is_time = true, seconds = seconds + nanoseconds / 1e9 }
	end,
})
Pref = strict("Pref", {
	uint = function(label, value, doc)
		while_loading("Pref")
		assert(type(label) == "string" and type(value) == "number" and type(doc) == "string")
		return { default = value }
	end,
})

function set_plugin_info(info)
	assert(type(info.version) == "string")
end

--------------------------------------------------------------------------------
-- Protocols

local protocols = {}
function Proto(name, title)
	while_loading("Proto")
	assert(name:find("^[%l%d_]+$") and #title > 0 and not protocols[name], name .. " is a bad or second Proto")
	local proto = { name = name, title = title, is_proto = true }
	protocols[name] = proto
	local prefs = {}
	proto.prefs = setmetatable({}, {
		__newindex = function(_, key, pref)
			while_loading("prefs")
			prefs[key] = pref
		end,
		__index = function(_, key)
			local pref = assert(prefs[key], "no preference " .. key)
			local set = mock.prefs[name .. "." .. key]
			return set == nil and pref.default or set
		end,
	})
	return proto
end

-- A dissector by its name: that of a Proto which has one.
local handles = {}
Dissector = strict("Dissector", {
	get = function(name)
		local proto = protocols[name]
		assert(proto and proto.dissector, name .. " has no dissector")
		handles[name] = handles[name] or { is_handle = true, proto = proto }
		return handles[name]
	end,
})

-- Wireshark's own dissector of netlink, which hands messages to the families.
local built_in = strict("Dissector", {
	call = function(self, tvb, pinfo, tree)
		assert(tvb.is_tvb and rawget(pinfo, "number"))
		return mock.netlink(tvb, pinfo, tree)
	end,
})
local TABLES = {
	["genl.family"] = {
		add = function(_, family, proto)
			assert(not mock.families[family], family .. " has two dissectors")
			mock.families[family] = proto
		end,
	},
	wtap_encap = {
		get_dissector = function(_, number)
			assert(number == 158)
			return mock.hook or built_in
		end,
		set = function(_, number, proto)
			assert(number == 158 and proto.dissector, "a table takes a Proto with a dissector")
			assert(not mock.hook, "the frame has two dissectors")
			mock.hook = proto
		end,
	},
}
DissectorTable = strict("DissectorTable", {
	get = function(name)
		while_loading("DissectorTable.get")
		return strict("DissectorTable " .. name, assert(TABLES[name], name))
	end,
})

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
	local frame = current
	frame.shown[#frame.shown + 1] = { depth = depth, abbr = abbr, raw = range and range.raw_bytes(), value = value }
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
				return current.visible or current.asked[what.proto.name] == true
			end
			check_field(what)
			return current.visible or current.filter[what.abbr] == true
		end),
		visible = current.visible,
		add_proto_expert_info = checking(function(which, ...)
			local text = ...
			assert(type(which) == "table" and which.is_expert)
			assert(select("#", ...) == 0 or (type(text) == "string" and not text:find("%c")))
			current.experts[#current.experts + 1] = which.abbr .. ": " .. tostring(text)
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
-- and protocols), big, comments, visited.
function mock.frame(frame)
	loading = false
	local data = frame.data
	local captured = math.min(frame.captured or #data, #data)
	local filter, asked = {}, {}
	for _, abbr in ipairs(frame.filter or {}) do
		assert(known[abbr] or protocols[abbr], abbr .. " is not a field")
		filter[abbr] = true
		for name, proto in pairs(protocols) do
			if name == abbr or owns(proto, abbr) then
				asked[name] = true
			end
		end
	end
	local texts, cols = columns()
	current = {
		shown = {}, experts = {}, filter = filter, asked = asked, visible = frame.visible ~= false,
		comments = frame.comments or {}, primed = mock.primed, data = data, big = frame.big, texts = texts,
	}
	local seen = data:sub(1, captured)
	local tvb = mock.tvb_of(seen, 0, captured, #data)
	local pinfo = strict("Pinfo", {
		cols = cols, number = frame.number or 1, visited = frame.visited or false,
		rel_ts = frame.time or 0, abs_ts = 1.7e9 + (frame.time or 0),
	})
	if mock.hook then
		mock.hook.dissector(tvb, pinfo, item_of(0))
	else
		built_in:call(tvb, pinfo, item_of(0))
	end
	local is_added = false
	for _, comment in ipairs(current.comments) do
		is_added = is_added or comment == "added by nlcap"
	end
	if mock.tap and not is_added then
		mock.tap.packet(pinfo, tvb)
	end
	local result = current
	current = nil
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

return mock
