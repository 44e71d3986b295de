-- SPDX-License-Identifier: GPL-2.0-or-later
-- The fields and expert items of a family.

local nl = ...
local bytes, values = nl.bytes, nl.values

local fields = {}

-- Fields that every family has; the generator knows their names too.
local function make_own(family, commands)
	local name = family.abbr
	local own = {
		cmd = ProtoField.uint8(name .. ".cmd", "Command", base.DEC, commands),
		version = ProtoField.uint8(name .. ".version", "Version", base.DEC),
		reserved = ProtoField.uint16(name .. ".reserved", "Reserved", base.HEX),
		len = ProtoField.uint16(name .. ".nla.len", "Length", base.DEC, nil, nil,
			"Bytes of the attribute with its header, without padding"),
		type = ProtoField.uint16(name .. ".nla.type", "Type", base.DEC, nil, 0x3fff,
			"Number of the attribute in its set"),
		nested = ProtoField.bool(name .. ".nla.nested", "Nested", 16, { "yes", "no" }, 0x8000,
			"NLA_F_NESTED; kernels leave it out of many answers"),
		net = ProtoField.bool(name .. ".nla.net_byteorder", "Network byte order", 16,
			{ "yes", "no" }, 0x4000, "NLA_F_NET_BYTEORDER"),
		unknown = ProtoField.bytes(name .. ".unknown", "Unknown attribute"),
		rest = ProtoField.bytes(name .. ".rest", "Undecoded bytes"),
	}
	for _, field in pairs(own) do
		family.fields[#family.fields + 1] = field
	end
	family.own = own
	-- What is asked for at once: whoever asks for one of them gets all.
	family.own_fields = {
		own.rest, own.cmd, own.version, own.reserved, own.len, own.type, own.nested, own.net,
	}
end

local function make_experts(family)
	local function make(what, text, group, severity)
		return ProtoExpert.new(family.abbr .. "." .. what, text, group, severity)
	end
	local group, severity = expert.group, expert.severity
	family.experts = {
		malformed = make("malformed", "Malformed attribute", group.MALFORMED, severity.ERROR),
		wrong_length = make("wrong_length", "Wrong length", group.MALFORMED, severity.WARN),
		partial = make("partial", "The capture holds a part only", group.UNDECODED, severity.WARN),
		unterminated = make("unterminated", "A text without its NUL", group.PROTOCOL, severity.NOTE),
		unknown = make("unknown_number", "Not in the specification", group.UNDECODED, severity.NOTE),
		too_deep = make("too_deep", "Nested too deep to be dissected", group.UNDECODED, severity.WARN),
		too_many = make("too_many", "More than is dissected", group.UNDECODED, severity.WARN),
		fault = make("fault", "The dissector failed", group.UNDECODED, severity.ERROR),
	}
end

-- In a directional family one number names two operations, a request's and an
-- answer's: the number alone has no name there.
local function command_names(family)
	if family.replies ~= family.requests then
		return nil
	end
	local names = {}
	for number, operation in pairs(family.requests) do
		names[number] = operation.label
	end
	return names
end

-- Makes all of a family's fields; its tables are changed on the way: names of sets
-- become the sets.
function fields.make(family)
	family.fields = {}
	family.replies = family.replies or family.requests
	local function resolve(value)
		if value.set then
			value.set = assert(family.sets[value.set], value.set)
		end
	end
	for _, set in pairs(family.sets) do
		for _, attr in pairs(set) do
			resolve(attr)
			if attr.element then
				resolve(attr.element)
			end
			values.make(family, attr, attr.abbr)
			attr.holds = values.kinds[attr.kind].holds
			attr.is_text = attr.kind == "string"
		end
	end
	for _, operations in pairs({ family.requests, family.replies }) do
		for _, operation in pairs(operations) do
			if type(operation.set) == "string" then
				resolve(operation)
			end
		end
	end
	-- What an operation has that the specification does not list.
	family.common = family.common or {}
	family.common.unlisted = true
	resolve(family.common)
	family.fixed = family.fixed or {}
	for name, header in pairs(family.fixed) do
		header.kind, header.struct, header.span = "struct", name, bytes.align(header.size)
		values.make(family, header, header.abbr)
	end
	make_own(family, command_names(family))
	make_experts(family)
	return family
end

return fields
