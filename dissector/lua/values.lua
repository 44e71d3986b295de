-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a value on the wire can be. Each kind knows:
--   make(family, value, abbr)     its fields, from the specification's tables
--   least, most, step             payload lengths that are right, in bytes: `least` and steps more
--   add(context, tree, value, at, size)   its item, from a payload of right length
--   below(context, item, value, at, size) what is below the item, behind an attribute's header
--   tell(context, value, at, size)        its text on one line, nil for none
-- A value is an attribute, an element of an array or a member of a struct.

local nl = ...
local bytes = nl.bytes
local byte, find, sub = string.byte, string.find, string.sub

-- Looked up once: through an item each call would cost a tenth more.
local add, add_le, append_text = TreeItem.add, TreeItem.add_le, TreeItem.append_text

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
	value.suffix = " (" .. (value.label or "") .. ")"
	value.add, value.below, value.tell = kind.add, kind.below, kind.tell
	kind.make(family, value, abbr)
end

-- Adds a value that is no attribute, and what is below it.
function values.add(context, tree, value, at, size)
	local item = value.add(context, tree, value, at, size)
	if value.below then
		value.below(context, item, value, at, size)
	end
end

function values.tell(context, value, at, size)
	local tell = value.tell
	return tell and tell(context, value, at, size)
end

-- Attributes and array elements dissected in a message; a message of 64 KiB, the
-- longest that a kernel builds, has room for 16,384.
local MAX_ELEMENTS = 20000

-- Whether one more of them may be dissected.
function values.spend(context)
	local count = context.count + 1
	context.count = count
	return count <= MAX_ELEMENTS
end

-- Whether a value of this size has a text on one line.
function values.tells(value, size)
	return value.tell ~= nil and (value.kind ~= "ip" or size == 4)
end

function values.fits(value, size)
	return size >= value.least and size <= value.most and (size - value.least) % value.step == 0
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
	value.bits, value.halves, value.told = {}, { {}, {} }, 0
	local width = math.min(size, 4) * 8
	for _, entry in ipairs(value.enum) do
		local bit = entry[1]
		if bit >= 0 and bit < size * 8 then
			local field = ProtoField.bool(abbr .. "." .. entry[2], entry[3], width,
				{ "set", "not set" }, 2 ^ (bit % width), entry[4])
			value.bits[#value.bits + 1] = { bit = bit, label = entry[3] }
			local half = value.halves[bit < 32 and 1 or 2]
			half[#half + 1] = keep(family, value, field)
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

-- The names of the bits that are set: for the tree, and for one line; false for none.
local function name_bits(context, value, at, size, big)
	local names = {}
	for _, bit in ipairs(value.bits) do
		if bit.bit < size * 8 and bytes.bit(context.raw, at, size, big, bit.bit) then
			names[#names + 1] = bit.label
		end
	end
	return names[1] and { " (" .. table.concat(names, ", ") .. ")", table.concat(names, "|") }
end

-- Texts that are kept of the bits of a field: interfaces have a dozen flags, and few sets
-- of them.
local MAX_TOLD = 256

-- The same, from what was made before of the same bytes.
local function names_of(context, value, at, size, big)
	if value.told == 0 or value.told > MAX_TOLD then
		value.told, value.little, value.big = 0, {}, {}
	end
	local known = big and value.big or value.little
	local key = sub(context.raw, at + 1, at + size)
	local names = known[key]
	if names == nil then
		names = name_bits(context, value, at, size, big) or false
		known[key], value.told = names, value.told + 1
	end
	return names
end

local function add_bits(context, item, value, at, size)
	if not value.bits then
		return
	end
	local big = is_big(context, value)
	local width = size < 4 and size or 4
	local add_bit = big and add or add_le
	for half = 1, size > 4 and 2 or 1 do
		local fields, from = value.halves[half], half * 4 - 4
		if fields[1] then
			local range = context.tvb(big and at + size - width - from or at + from, width)
			for i = 1, #fields do
				add_bit(item, fields[i], range)
			end
		end
	end
	if context.visible then
		local names = names_of(context, value, at, size, big)
		if names then
			append_text(item, names[1])
		end
	end
end

local function add_number(context, tree, value, at, size)
	if is_big(context, value) then
		return add(tree, value.fields[1], context.tvb(at, size))
	end
	return add_le(tree, value.fields[1], context.tvb(at, size))
end

-- Whether a value is a number in the order of the machine, without bits.
function values.is_plain_number(value)
	return value.add == add_number and not value.bits and not value.order
end

local function tell_number(context, value, at, size)
	local big = is_big(context, value)
	local names = value.bits and names_of(context, value, at, size, big)
	if names then
		return names[2]
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
		add = add_number, below = add_bits, tell = tell_number, least = size, most = size,
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

-- A bit-field of C: the first in a number is at its least significant bit where numbers begin
-- with their least significant byte, else at its most significant one.
kinds.bits = {
	make = function(family, value, abbr)
		local names
		for _, entry in ipairs(value.enum and family.enums[value.enum] or {}) do
			names = names or {}
			names[entry[1]] = entry[3]
		end
		local bits = tostring(value.size * 8)
		keep(family, value, ProtoField["uint" .. bits](abbr, value.label, base.DEC, names, nil, value.doc))
	end,
	add = function(context, tree, value, at, size)
		local big = is_big(context, value)
		local number = bytes.unsigned(context.raw, at, size, big)
		local behind = big and size * 8 - value.before - value.count or value.before
		return tree:add(value.fields[1], context.tvb(at, size), math.floor(number / 2 ^ behind) % 2 ^ value.count)
	end,
}

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
		return add(tree, value.fields[1], context.tvb(at, size))
	end,
	below = function(context, item, value, at)
		for i, part in ipairs(value.parts) do
			values.add(context, item, part, at + 4 * (i - 1), 4)
		end
	end,
}

--------------------------------------------------------------------------------
-- Texts, bytes and addresses

kinds.string = {
	least = 1,
	make = function(family, value, abbr)
		keep(family, value, ProtoField.string(abbr, value.label, base.UNICODE, value.doc))
	end,
	add = function(context, tree, value, at, size)
		local text = bytes.text(context.raw, at, at + size)
		if #text == 0 then
			return add(tree, value.fields[1], context.tvb(at, size), "")
		elseif not find(text, "[^\32-\126]") then
			return add(tree, value.fields[1], context.tvb(at, #text), text)
		end
		-- Wireshark knows what to do with bytes that are no text.
		return tree:add_packet_field(value.fields[1], context.tvb(at, #text), ENC_UTF_8)
	end,
	below = function(context, item, value, at, size)
		-- A member of a struct may fill its place.
		if value.size or byte(context.raw, at + size) == 0 then
			return
		end
		local _, ended = bytes.text(context.raw, at, at + size)
		if not ended then
			item:add_proto_expert_info(context.family.experts.unterminated, value.label .. " does not end with a NUL")
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
	return add(tree, value.fields[1], context.tvb(at, size))
end

kinds.binary = { make = make_bytes, add = add_bytes }

-- Labels of a stack that are written out: no kernel takes as many.
local MAX_LABELS = 64

-- The labels of a stack, which are the upper 20 bits of each entry, in network order.
local function tell_labels(context, _, at, size)
	local labels = {}
	for from = at, at + size - 4, 4 do
		if #labels == MAX_LABELS then
			labels[#labels + 1] = "..."
			break
		end
		local a, b, c = byte(context.raw, from + 1, from + 3)
		labels[#labels + 1] = bytes.decimal((a * 65536 + b * 256 + c - c % 16) / 16)
	end
	return table.concat(labels, "/")
end

kinds.mpls = {
	least = 4, step = 4, make = make_bytes, add = add_bytes, tell = tell_labels,
	below = function(context, item, value, at, size)
		if context.visible then
			append_text(item, " (" .. tell_labels(context, value, at, size) .. ")")
		end
	end,
}

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
				return add_le(tree, value.fields[1], context.tvb(at, size))
			end
			return add(tree, value.fields[1], context.tvb(at, size))
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
	least = 4, most = 16, step = 12,
	make = function(family, value, abbr)
		make_bytes(family, value, abbr)
		value.of_size = {
			[4] = keep(family, value, ProtoField.ipv4(abbr .. ".ipv4", value.label .. " (IPv4)", value.doc)),
			[16] = keep(family, value, ProtoField.ipv6(abbr .. ".ipv6", value.label .. " (IPv6)", value.doc)),
		}
	end,
	add = add_bytes,
	below = function(context, item, value, at, size)
		local field = value.of_size[size]
		if field then
			item:add(field, context.tvb(at, size))
		end
	end,
	tell = function(context, value, at, size)
		return size == 4 and tell_ipv4(context, value, at) or nil
	end,
}

-- An address in 16 bytes, of IPv4 in the first four: the others are then zero. Which it is, a
-- member of some struct says, which need not be this one.
kinds.family_ip = {
	least = 16, most = 16, make = kinds.ip.make, add = add_bytes,
	below = function(context, item, value, at)
		local is_ipv6 = find(sub(context.raw, at + 5, at + 16), "[^\0]")
		local size = is_ipv6 and 16 or 4
		item:add(value.of_size[size], context.tvb(at, size))
	end,
}

kinds.flag = {
	least = 0, most = 0,
	-- It has no payload: its header stands for it.
	add = function(context, tree, value, at)
		return add(tree, value.fields[1], context.tvb(at - 4, 4))
	end,
	make = function(family, value, abbr)
		keep(family, value, ProtoField.none(abbr, value.label, value.doc))
	end,
	tell = function()
		return ""
	end,
}

-- Padding, and numbers that are kept free: bytes without meaning.
kinds.pad = kinds.binary

return values
