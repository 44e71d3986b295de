-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a value on the wire can be. Each kind knows:
--   make(family, value, abbr)     its fields, from the specification's tables
--   least, most, step             payload lengths that are right, in bytes
--   add(context, tree, value, at, size)   its item, from a payload of right length
--   tell(context, value, at, size)        its text on one line, nil for none
-- A value is an attribute, an element of an array or a member of a struct.

local nl = ...
local bytes = nl.bytes

local values = {}

local kinds = {}
values.kinds = kinds

-- Remembers a field for registration and for the question whether anybody asks
-- for it.
local function keep(family, value, field)
	family.fields[#family.fields + 1] = field
	value.fields[#value.fields + 1] = field
	return field
end
values.keep = keep

-- Makes the fields of a value and of all that is in it.
function values.make(family, value, abbr)
	local kind = assert(kinds[value.kind], value.kind)
	value.fields = value.fields or {}
	value.least = kind.least or value.size or 0
	value.most = kind.most or value.size or math.huge
	value.step = kind.step or 1
	kind.make(family, value, abbr)
end

function values.add(context, tree, value, at, size)
	return kinds[value.kind].add(context, tree, value, at, size)
end

function values.tell(context, value, at, size)
	local tell = kinds[value.kind].tell
	return tell and tell(context, value, at, size)
end

-- Whether a value of this size has a text on one line.
function values.tells(value, size)
	return kinds[value.kind].tell ~= nil and (value.kind ~= "ip" or size == 4)
end

function values.fits(value, size)
	return size >= value.least and size <= value.most and size % value.step == 0
end

-- Numbers are in the order of the machine that was recorded, but for those that
-- say otherwise.
local function is_big(context, value)
	if value.order then
		return value.order == "big"
	end
	return context.big or context.net
end

--------------------------------------------------------------------------------
-- Numbers

-- The fields of a number's bits. Wireshark 4.0 takes no mask of more than 32 bits:
-- eight bytes are two halves.
local function make_bits(family, value, abbr, size)
	value.bits = {}
	local width = math.min(size, 4) * 8
	for _, entry in ipairs(value.enum) do
		local bit = entry[1]
		if bit >= 0 and bit < size * 8 then
			local field = ProtoField.bool(abbr .. "." .. entry[2], entry[3], width,
				{ "set", "not set" }, 2 ^ (bit % width), entry[4])
			value.bits[#value.bits + 1] = { bit = bit, label = entry[3], field = keep(family, value, field) }
		end
	end
end

local function make_number(constructor, size, is_signed)
	return function(family, value, abbr)
		value.enum = value.enum and family.enums[value.enum]
		value.signed = is_signed
		if value.flags then
			keep(family, value, constructor(abbr, value.label, is_signed and base.DEC or base.HEX,
				nil, nil, value.doc))
			make_bits(family, value, abbr, size)
			return
		end
		local names
		if value.enum then
			names, value.names = {}, {}
			for _, entry in ipairs(value.enum) do
				names[entry[1]] = entry[3]
				value.names[entry[1]] = entry[3]
			end
		end
		local shown = value.hint == "hex" and not is_signed and base.HEX or base.DEC
		keep(family, value, constructor(abbr, value.label, shown, names, nil, value.doc))
	end
end

-- The names of the bits that are set.
local function set_bits(context, value, at, size, big)
	local names = {}
	for _, bit in ipairs(value.bits) do
		if bit.bit < size * 8 and bytes.bit(context.raw, at, size, big, bit.bit) then
			names[#names + 1] = bit.label
		end
	end
	return names
end

local function add_bits(context, item, value, at, size, big)
	local width = math.min(size, 4)
	local add = big and item.add or item.add_le
	local range, of_half
	for _, bit in ipairs(value.bits) do
		if bit.bit < size * 8 then
			local half = math.floor(bit.bit / 32) * 4
			if half ~= of_half then
				of_half = half
				range = context.tvb(big and at + size - width - half or at + half, width)
			end
			add(item, bit.field, range)
		end
	end
	if context.visible then
		local names = set_bits(context, value, at, size, big)
		if #names > 0 then
			item:append_text(" (" .. table.concat(names, ", ") .. ")")
		end
	end
end

local function add_number(context, tree, value, at, size)
	local big = is_big(context, value)
	local range = context.tvb(at, size)
	local item
	if big then
		item = tree:add(value.fields[1], range)
	else
		item = tree:add_le(value.fields[1], range)
	end
	return item, value.bits and function()
		add_bits(context, item, value, at, size, big)
	end
end

local function tell_number(context, value, at, size)
	local big = is_big(context, value)
	if value.bits then
		local names = set_bits(context, value, at, size, big)
		if #names > 0 then
			return table.concat(names, "|")
		end
	end
	local read = value.signed and bytes.signed or bytes.unsigned
	local number, exact = read(context.raw, at, size, big)
	local name = value.names and value.names[number]
	if name then
		return name
	elseif exact then
		return bytes.decimal(number)
	end
	local range = context.tvb(at, size)
	if value.signed then
		return tostring(big and range:int64() or range:le_int64())
	end
	return tostring(big and range:uint64() or range:le_uint64())
end

local function number(constructor, size, is_signed)
	return {
		make = make_number(constructor, size, is_signed),
		add = add_number, tell = tell_number, least = size, most = size,
	}
end

kinds.u8 = number(ProtoField.uint8, 1)
kinds.u16 = number(ProtoField.uint16, 2)
kinds.u32 = number(ProtoField.uint32, 4)
kinds.u64 = number(ProtoField.uint64, 8)
kinds.s8 = number(ProtoField.int8, 1, true)
kinds.s16 = number(ProtoField.int16, 2, true)
kinds.s32 = number(ProtoField.int32, 4, true)
kinds.s64 = number(ProtoField.int64, 8, true)

-- The kernel sends four bytes where they suffice, else eight.
local function either(kind)
	kind.least, kind.most, kind.step = 4, 8, 4
	return kind
end
kinds.uint = either(number(ProtoField.uint64, 8))
kinds.sint = either(number(ProtoField.int64, 8, true))

-- struct nla_bitfield32: the bits' values, and which of them are meant.
kinds.bitfield32 = {
	least = 8, most = 8,
	make = function(family, value, abbr)
		keep(family, value, ProtoField.none(abbr, value.label, value.doc))
		local function part(name, doc)
			local made = {
				kind = "u32", label = name, doc = doc, enum = value.enum, flags = value.enum and true,
				hint = "hex",
			}
			values.make(family, made, abbr .. "." .. name)
			for _, field in ipairs(made.fields) do
				value.fields[#value.fields + 1] = field
			end
			return made
		end
		value.parts = {
			part("value", "Values of the bits that the selector names"),
			part("selector", "The bits that are meant"),
		}
	end,
	add = function(context, tree, value, at, size)
		local item = tree:add(value.fields[1], context.tvb(at, size))
		return item, function()
			for i, part in ipairs(value.parts) do
				local made, more = values.add(context, item, part, at + 4 * (i - 1), 4)
				if more then
					more(made)
				end
			end
		end
	end,
}

--------------------------------------------------------------------------------
-- Texts, bytes and addresses

local function complain_of_end(context, item, value)
	item:add_proto_expert_info(context.family.experts.unterminated, value.label .. " does not end with a NUL")
end

kinds.string = {
	least = 1,
	make = function(family, value, abbr)
		keep(family, value, ProtoField.string(abbr, value.label, base.UNICODE, value.doc))
	end,
	add = function(context, tree, value, at, size)
		local text, ended = bytes.text(context.raw, at, at + size)
		local item
		if #text == 0 then
			item = tree:add(value.fields[1], context.tvb(at, size), "")
		elseif not text:find("[^\32-\126]") then
			item = tree:add(value.fields[1], context.tvb(at, #text), text)
		else
			-- Wireshark knows what to do with bytes that are no text.
			item = tree:add_packet_field(value.fields[1], context.tvb(at, #text), ENC_UTF_8)
		end
		-- A member of a struct may fill its place.
		if ended or value.size then
			return item
		end
		return item, function()
			complain_of_end(context, item, value)
		end
	end,
	tell = function(context, _, at, size)
		return bytes.printable((bytes.text(context.raw, at, at + size)), 64)
	end,
}

local function make_bytes(family, value, abbr)
	keep(family, value, ProtoField.bytes(abbr, value.label, base.NONE, value.doc))
end

local function add_bytes(context, tree, value, at, size)
	return tree:add(value.fields[1], context.tvb(at, size))
end

kinds.binary = { make = make_bytes, add = add_bytes }

-- Kinds of fixed size that Wireshark has a type for.
local function typed(constructor, size, tell)
	return {
		least = size, most = size,
		make = function(family, value, abbr)
			keep(family, value, constructor(abbr, value.label, value.doc))
		end,
		add = function(context, tree, value, at)
			-- An IPv4 address may be a number of the machine's order.
			if value.numeric and not is_big(context, value) then
				return tree:add_le(value.fields[1], context.tvb(at, size))
			end
			return tree:add(value.fields[1], context.tvb(at, size))
		end,
		tell = tell,
	}
end

local function tell_ipv4(context, value, at)
	local a, b, c, d = context.raw:byte(at + 1, at + 4)
	if value.numeric and not is_big(context, value) then
		a, b, c, d = d, c, b, a
	end
	return string.format("%d.%d.%d.%d", a, b, c, d)
end

kinds.mac = typed(ProtoField.ether, 6, function(context, _, at)
	return string.format("%02x:%02x:%02x:%02x:%02x:%02x", context.raw:byte(at + 1, at + 6))
end)
kinds.ipv4 = typed(ProtoField.ipv4, 4, tell_ipv4)
kinds.ipv6 = typed(ProtoField.ipv6, 16)
kinds.uuid = typed(ProtoField.guid, 16)

-- IPv4 or IPv6, as the length says: a field of Wireshark has one type, so each has
-- its own below the bytes.
kinds.ip = {
	least = 4, most = 16, step = 4,
	make = function(family, value, abbr)
		make_bytes(family, value, abbr)
		value.of_size = {
			[4] = keep(family, value, ProtoField.ipv4(abbr .. ".ipv4", value.label .. " (IPv4)", value.doc)),
			[16] = keep(family, value, ProtoField.ipv6(abbr .. ".ipv6", value.label .. " (IPv6)", value.doc)),
		}
	end,
	add = function(context, tree, value, at, size)
		local item = add_bytes(context, tree, value, at, size)
		local field = value.of_size[size]
		return item, field and function()
			item:add(field, context.tvb(at, size))
		end
	end,
	tell = function(context, value, at, size)
		return size == 4 and tell_ipv4(context, value, at) or nil
	end,
}

kinds.flag = {
	least = 0, most = 0,
	make = function(family, value, abbr)
		keep(family, value, ProtoField.none(abbr, value.label, value.doc))
	end,
	tell = function()
		return ""
	end,
}

-- Padding, and numbers that are kept free: bytes without meaning.
kinds.pad = kinds.binary

--------------------------------------------------------------------------------
-- Structs and arrays

local function add_all(context, item, add)
	local made, more = add()
	if more then
		more(made or item)
	end
end

kinds.struct = {
	least = 1,
	make = function(family, value, abbr)
		keep(family, value, ProtoField.none(abbr, value.label, value.doc))
		value.members = {}
		for i, member in ipairs(family.structs[value.struct]) do
			local made = {}
			for key, held in pairs(member) do
				made[key] = held
			end
			values.make(family, made, abbr .. "." .. member.name)
			for _, field in ipairs(made.fields) do
				value.fields[#value.fields + 1] = field
			end
			value.members[i] = made
		end
	end,
	-- A kernel may know more or fewer members than the specification.
	add = function(context, tree, value, at, size)
		local item = tree:add(value.fields[1], context.tvb(at, size))
		return item, function()
			local stop = at + size
			for _, member in ipairs(value.members) do
				if at + member.size > stop then
					break
				end
				add_all(context, item, function()
					return values.add(context, item, member, at, member.size)
				end)
				at = at + member.size
			end
			if at < stop then
				item:add(context.family.own.rest, context.tvb(at, stop - at))
			end
		end
	end,
}

-- A C array of numbers or structs: as many items of the one field.
kinds.array = {
	make = function(family, value, abbr)
		local element = value.element
		element.label, element.doc, element.fields = value.label, value.doc, value.fields
		values.make(family, element, abbr)
		value.step = element.most
	end,
	add = function(context, tree, value, at, size)
		local item = tree:add(context.tvb(at, size), value.label)
		return item, function()
			local width = value.element.most
			for from = at, at + size - width, width do
				if not context.spend() then
					item:add_proto_expert_info(context.family.experts.too_many)
					break
				end
				add_all(context, item, function()
					return values.add(context, item, value.element, from, width)
				end)
			end
		end
	end,
}

--------------------------------------------------------------------------------
-- What holds attributes; attributes.lua goes into them

local function none(family, value, abbr)
	keep(family, value, ProtoField.none(abbr, value.label, value.doc))
end

kinds.nest = { make = none, holds = true }

-- Attributes whose numbers are places in an array.
kinds.indexed = {
	holds = true,
	make = function(family, value, abbr)
		local element = value.element
		if element.kind == "nest" then
			none(family, value, abbr)
			element.fields, element.least, element.most, element.step = {}, 0, math.huge, 1
			element.label = value.label
		else
			element.label, element.doc, element.fields = value.label, value.doc, value.fields
			values.make(family, element, abbr)
		end
	end,
}

-- Attributes in attributes whose numbers are values.
kinds.keyed = {
	holds = true,
	make = function(family, value, abbr)
		kinds.indexed.make(family, value, abbr)
		value.key_fields = {}
		for i, key in ipairs(value.keys) do
			value.key_fields[i] = keep(family, value,
				ProtoField.uint16(abbr .. "." .. key, key, base.DEC, nil, nil, "Stands as the attribute's number"))
		end
	end,
}

return values
