-- SPDX-License-Identifier: GPL-2.0-or-later
-- From a family's tables to Wireshark's fields: each attribute, member and bit
-- gets its ProtoField in place, as `handle`.

local fields = {}

-- Kinds of numbers.
local NUMBERS = {
	u8 = { make = ProtoField.uint8, size = 1 },
	u16 = { make = ProtoField.uint16, size = 2 },
	u32 = { make = ProtoField.uint32, size = 4 },
	u64 = { make = ProtoField.uint64, size = 8 },
	s8 = { make = ProtoField.int8, size = 1, signed = true },
	s16 = { make = ProtoField.int16, size = 2, signed = true },
	s32 = { make = ProtoField.int32, size = 4, signed = true },
	s64 = { make = ProtoField.int64, size = 8, signed = true },
	-- Of 4 or 8 bytes: each attribute tells by its length.
	uint = { make = ProtoField.uint64 },
	sint = { make = ProtoField.int64, signed = true },
}

-- Kinds of bytes that Wireshark has a type for.
local ADDRESSES = {
	mac = { make = ProtoField.ether, size = 6 },
	ipv4 = { make = ProtoField.ipv4, size = 4 },
	ipv6 = { make = ProtoField.ipv6, size = 16 },
	uuid = { make = ProtoField.guid, size = 16 },
}

-- Kinds whose item has children and no value of its own.
local TREES = {
	flag = true,
	nest = true,
	struct = true,
	bitfield32 = true,
	array = true,
	keyed = true,
}

fields.NUMBERS = NUMBERS
fields.ADDRESSES = ADDRESSES

-- `lower_up` as people know it: `LOWER_UP`.
local function label(name)
	return name:upper():gsub("-", "_")
end

local function doc(text)
	return text ~= "" and text or nil
end

-- A field for each bit, below the field of the number that has it. Bits from 32
-- on are read from the upper half, because a mask has 32 bits everywhere.
local function make_bits(family, value, abbr, width)
	local bits = {}
	for _, entry in ipairs(family.enums[value.enum]) do
		if entry.value < width * 8 then
			local high = entry.value >= 32
			local mask = 1
			for _ = 1, entry.value % 32 do
				mask = mask * 2
			end
			local handle = ProtoField.bool(abbr .. "." .. entry.name, label(entry.name),
				math.min(width * 8, 32), { "Set", "Not set" }, mask, doc(entry.doc))
			bits[#bits + 1] = { handle = handle, mask = mask, high = high, label = label(entry.name) }
			family.fields[#family.fields + 1] = handle
		end
	end
	return bits
end

local function make_names(family, value)
	local names = {}
	for _, entry in ipairs(family.enums[value.enum]) do
		names[entry.value] = label(entry.name)
	end
	return names
end

-- Makes the fields of a value: an attribute, a member of a struct, or an element
-- of an array.
local function make_value(family, value, abbr, name, text)
	local number = NUMBERS[value.kind]
	if number then
		local display = (value.bits or value.hex) and base.HEX or base.DEC
		if value.enum and not value.bits then
			value.names = make_names(family, value)
		end
		-- Wireshark 4.0 has no names for numbers of 64 bits: the item's text has.
		local names = number.size and number.size < 8 and value.names or nil
		-- Hexadecimal numbers are unsigned.
		if display == base.HEX and number.signed then
			number = NUMBERS[value.kind == "sint" and "uint" or value.kind:gsub("s", "u")]
		end
		value.handle = number.make(abbr, name, display, names, nil, doc(text))
		if value.bits then
			value.flags = make_bits(family, value, abbr, number.size or 8)
		end
	elseif ADDRESSES[value.kind] then
		value.handle = ADDRESSES[value.kind].make(abbr, name, doc(text))
	elseif value.kind == "string" then
		value.handle = ProtoField.string(abbr, name, base.NONE, doc(text))
	elseif TREES[value.kind] then
		value.handle = ProtoField.none(abbr, name, doc(text))
	else
		value.handle = ProtoField.bytes(abbr, name, base.NONE, doc(text))
	end
	family.fields[#family.fields + 1] = value.handle
	value.label = name
end

local make_members

local function make_inner(family, value, abbr)
	if value.kind == "struct" then
		value.members = make_members(family, family.structs[value.struct], abbr)
	elseif value.kind == "bitfield32" then
		for _, part in ipairs({ "value", "selector" }) do
			local inner = { kind = "u32", enum = value.enum, bits = value.enum ~= nil, hex = true }
			make_value(family, inner, abbr .. "." .. part, part:gsub("^%l", string.upper), "")
			value[part] = inner
		end
	end
end

-- The members of a struct, as fields below `abbr`.
function make_members(family, struct, abbr)
	local members = {}
	for index, given in ipairs(struct.members) do
		-- A struct may stand in several places: each has fields of its own.
		local member = {}
		for key, value in pairs(given) do
			member[key] = value
		end
		local name = abbr .. "." .. member.name
		make_value(family, member, name, member.name, member.doc)
		make_inner(family, member, name)
		members[index] = member
	end
	return members
end

-- What an attribute says of the object that its nest describes.
local function role(attr)
	if attr.kind == "string" and attr.name:find("name$") then
		return "name"
	elseif NUMBERS[attr.kind] and (attr.name:find("index$") or attr.name:find("^id$")) then
		return "index"
	end
end

local function make_attribute(family, attr)
	attr.label = label(attr.name)
	attr.role = role(attr)
	if attr.element then
		-- Each element is a value of the attribute's field.
		make_value(family, attr.element, attr.field, attr.label, attr.doc)
	else
		make_value(family, attr, attr.field, attr.label, attr.doc)
		make_inner(family, attr, attr.field)
	end
end

local function make_own(family)
	local abbr = family.abbr
	local nla = abbr .. ".nla"
	local commands = {}
	for number, command in pairs(family.commands) do
		commands[number] = command.label
	end
	local own = {
		cmd = ProtoField.uint8(abbr .. ".cmd", "Command", base.DEC, commands, nil,
			"genlmsghdr.cmd, an operation of the family"),
		version = ProtoField.uint8(abbr .. ".version", "Version", base.DEC, nil, nil,
			"genlmsghdr.version, the family's as the sender has it"),
		reserved = ProtoField.uint16(abbr .. ".reserved", "Reserved", base.HEX),
		nla = ProtoField.none(nla, "Attribute"),
		len = ProtoField.uint16(nla .. ".len", "Length", base.DEC, nil, nil,
			"Bytes of the attribute with its header, without padding"),
		nested = ProtoField.bool(nla .. ".nested", "Nested", 16, { "Set", "Not set" }, 0x8000,
			"NLA_F_NESTED; families may leave it out of their nests"),
		net = ProtoField.bool(nla .. ".net_byteorder", "Network byte order", 16,
			{ "Set", "Not set" }, 0x4000, "NLA_F_NET_BYTEORDER"),
		type = ProtoField.uint16(nla .. ".type", "Type", base.DEC, nil, 0x3fff,
			"Number of the attribute in its set"),
		padding = ProtoField.bytes(nla .. ".padding", "Padding", base.NONE,
			"Up to 3 bytes, so that the next attribute is aligned"),
		unknown = ProtoField.bytes(abbr .. ".unknown", "Unknown attribute", base.NONE,
			"Value of an attribute that the specification does not have"),
		rest = ProtoField.bytes(abbr .. ".rest", "Undecoded", base.NONE,
			"Bytes that are not what the specification says"),
	}
	for _, handle in pairs(own) do
		family.fields[#family.fields + 1] = handle
	end
	family.own = own
end

local function make_experts(family)
	local group, severity = expert.group, expert.severity
	local function make(name, text, of, how)
		return ProtoExpert.new(family.abbr .. "." .. name, text, of, how)
	end
	family.experts = {
		malformed = make("malformed", "Malformed", group.MALFORMED, severity.ERROR),
		length = make("wrong_length", "Wrong length", group.MALFORMED, severity.WARN),
		depth = make("too_deep", "Nested too deep to be dissected", group.UNDECODED, severity.WARN),
		many = make("too_many", "Too many attributes to show all", group.UNDECODED, severity.WARN),
		unknown = make("unknown_number", "Not in the specification", group.UNDECODED, severity.NOTE),
		partial = make("partial", "Not all that the specification knows, or more",
			group.UNDECODED, severity.NOTE),
		cut = make("cut", "Cut short by the capture", group.UNDECODED, severity.NOTE),
		fault = make("fault", "The dissector failed", group.UNDECODED, severity.ERROR),
	}
end

-- Makes all fields and expert items of a family. Sets that take an attribute
-- from another set share its table, and so its field.
function fields.make(family)
	family.fields = {}
	make_own(family)
	make_experts(family)
	for _, struct in pairs(family.headers) do
		struct.members = make_members(family, struct, struct.field)
	end
	for _, set in pairs(family.sets) do
		for _, attr in pairs(set) do
			if not attr.label then
				make_attribute(family, attr)
			end
		end
	end
end

return fields
