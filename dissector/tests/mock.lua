-- SPDX-License-Identifier: GPL-2.0-or-later
-- Wireshark's Lua API as far as the dissector uses it, and stricter: reading past
-- the buffer, a field that was not registered or has another type's value, and an
-- unknown name are errors. What is added to the tree is written down in `shown`.

local mock = { shown = {}, experts = {}, info = nil, flags = 1, messages = 1 }

local registered = {}
local function strict(name, members)
	return setmetatable(members, {
		__index = function(_, key)
			error(name .. " has no " .. tostring(key), 2)
		end,
	})
end

local function field_of(kind, width)
	return function(abbr)
		assert(type(abbr) == "string" and not abbr:find("[^%w_.%-]"), "a bad field name")
		assert(not registered[abbr], abbr .. " is there twice")
		local field = { kind = kind, width = width, abbr = abbr, is_field = true }
		registered[abbr] = field
		return field
	end
end

ProtoField = strict("ProtoField", {
	uint8 = field_of("number", 1), uint16 = field_of("number", 2),
	uint32 = field_of("number", 4), uint64 = field_of("number", 8),
	int8 = field_of("number", 1), int16 = field_of("number", 2),
	int32 = field_of("number", 4), int64 = field_of("number", 8),
	bool = field_of("bool"), string = field_of("string"), bytes = field_of("bytes"),
	ether = field_of("address", 6), ipv4 = field_of("address", 4), ipv6 = field_of("address", 16),
	none = field_of("none"),
})
ProtoExpert = strict("ProtoExpert", {
	new = function(abbr, _, group, severity)
		assert(group and severity)
		return { abbr = abbr, is_expert = true }
	end,
})
base = strict("base", { NONE = 0, DEC = 1, HEX = 2, UNICODE = 3 })
expert = strict("expert", {
	group = strict("expert.group", { MALFORMED = 1, UNDECODED = 2 }),
	severity = strict("expert.severity", { NOTE = 1, WARN = 2, ERROR = 3 }),
})
ENC_UTF_8 = 2
Field = strict("Field", {
	new = function(name)
		assert(name == "netlink.hdr_flags", name)
		return function()
			local values = {}
			for i = 1, mock.messages do
				values[i] = { value = mock.flags }
			end
			return (table.unpack or unpack)(values)
		end
	end,
})
function Proto(name, title)
	assert(name:find("^[%w_]+$") and #title > 0)
	return { name = name }
end
DissectorTable = strict("DissectorTable", {
	get = function(name)
		assert(name == "genl.family")
		return { add = function(_, family, proto) mock.families = { [family] = proto } end }
	end,
})

-- A range of bytes; `data` is all of the message.
local function range_of(data, from, length)
	local range = {}
	local function number(size, little)
		assert(length == size or (size == 0 and length <= 4 and length > 0), "a number of another size")
		local value = 0
		for i = 1, length do
			local at = little and (from + length - i) or (from + i - 1)
			value = value * 256 + data:byte(at + 1)
		end
		return value
	end
	local function signed(little)
		local value = number(0, little)
		local limit = 2 ^ (8 * length)
		return value >= limit / 2 and value - limit or value
	end
	local methods = strict("TvbRange", {
		len = function() return length end,
		uint = function() return number(0, false) end,
		le_uint = function() return number(0, true) end,
		int = function() return signed(false) end,
		le_int = function() return signed(true) end,
		raw = function() return data:sub(from + 1, from + length) end,
		bytes = function() return data:sub(from + 1, from + length) end,
		string = function() return data:sub(from + 1, from + length) end,
	})
	return setmetatable(range, {
		__index = methods,
		__call = function(_, at, count)
			at = at or 0
			count = count or (length - at)
			assert(at >= 0 and count >= 1 and at + count <= length, "Range is out of bounds")
			return range_of(data, from + at, count)
		end,
	})
end

local item_of
local function add(depth, field, range, value)
	if field.fields then
		mock.shown[#mock.shown + 1] = { depth = depth, abbr = field.name }
		return item_of(depth + 1)
	end
	assert(field.is_field and registered[field.abbr] == field, "not a field")
	if (field.kind == "number" or field.kind == "address") and not field.abbr:find("%.nla%.") then
		assert(range:len() == field.width, field.abbr .. " has another size")
	end
	assert(value == nil or field.kind == "string")
	mock.shown[#mock.shown + 1] = { depth = depth, abbr = field.abbr, raw = range:raw() }
	return item_of(depth + 1)
end
item_of = function(depth)
	local item = {}
	return setmetatable(item, { __index = strict("TreeItem", {
		add = function(_, ...) return add(depth, ...) end,
		add_le = function(_, ...) return add(depth, ...) end,
		add_packet_field = function(_, field, range, encoding)
			assert(encoding == ENC_UTF_8)
			return add(depth, field, range)
		end,
		append_text = function(_, text) assert(type(text) == "string") return item end,
		set_text = function(_, text) assert(type(text) == "string") return item end,
		add_proto_expert_info = function(_, which, text)
			assert(which.is_expert)
			mock.experts[#mock.experts + 1] = which.abbr .. ": " .. tostring(text)
			return item
		end,
	}) })
end

-- Dissects one message of a family; returns what was added, the experts, the Info.
function mock.dissect(family, data)
	mock.shown, mock.experts = {}, {}
	local info = {}
	local columns = setmetatable({}, {
		__newindex = function(_, key, text)
			assert(key == "info" or key == "protocol", key)
			info[key] = text
		end,
		__index = function(_, key)
			error("columns are only written: " .. key)
		end,
	})
	local whole = #data > 0 and range_of(data, 0, #data) or nil
	local tvb = setmetatable({}, {
		__index = strict("Tvb", { len = function() return #data end }),
		__call = function(_, at, count)
			if not whole then
				assert((at or 0) == 0 and count == nil, "Range is out of bounds")
				return strict("TvbRange", { len = function() return 0 end, raw = function() return "" end })
			end
			return whole(at, count)
		end,
	})
	local proto = assert(mock.families[family], family)
	assert(type(proto.fields) == "table" and type(proto.experts) == "table")
	local used = proto.dissector(tvb, { cols = columns, number = 1 }, item_of(0))
	assert(used == #data)
	return mock.shown, mock.experts, info.info
end

return mock
