-- SPDX-License-Identifier: GPL-2.0-or-later
-- Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit.
--
-- Load it with `-X lua_script:FILE`, or from the folder of personal plugins.

set_plugin_info({ version = "0.1.0", description = "nl-util dissector of nl_util" })

local nl = package.loaded["nl_util.dissector"]
if not nl then
	nl = { api = 1 }

	nl.bytes = (function(...)
	-- Numbers and texts from a string of bytes. A message is read from one Lua string:
	-- Wireshark's own ranges cost five times as much, and are made only for what is
	-- added to the tree. Offsets count from 0, as they do on the wire.

	local bytes = {}

	local byte = string.byte

	-- Attributes and messages begin at multiples of four bytes.
	function bytes.align(length)
		return length + -length % 4
	end

	function bytes.u16(raw, at, big)
		local a, b = byte(raw, at + 1, at + 2)
		if big then
			return a * 256 + b
		end
		return a + b * 256
	end

	function bytes.u32(raw, at, big)
		local a, b, c, d = byte(raw, at + 1, at + 4)
		if big then
			return ((a * 256 + b) * 256 + c) * 256 + d
		end
		return ((d * 256 + c) * 256 + b) * 256 + a
	end

	-- An unsigned number of 1 to 8 bytes. Lua 5.2 has doubles only: past 2^53 the
	-- result is not exact, and `exact` is false.
	function bytes.unsigned(raw, at, size, big)
		local value = 0.0
		for i = 1, size do
			value = value * 256 + byte(raw, big and at + i or at + size - i + 1)
		end
		return value, value < 2 ^ 53
	end

	-- Two's complement.
	function bytes.signed(raw, at, size, big)
		local value, exact = bytes.unsigned(raw, at, size, big)
		local top = byte(raw, big and at + 1 or at + size)
		if top < 128 then
			return value, exact
		end
		-- The complement is small where the number is: -1 of eight bytes stays exact.
		local complement = 0.0
		for i = 1, size do
			complement = complement * 256 + 255 - byte(raw, big and at + i or at + size - i + 1)
		end
		return -complement - 1, complement < 2 ^ 53
	end

	-- A whole number without an exponent or a fraction, in Lua 5.2 and 5.4 alike.
	function bytes.decimal(number)
		return string.format("%.0f", number)
	end

	-- Whether bit `bit` of a number of bytes is set; bits are counted from the least.
	function bytes.bit(raw, at, size, big, bit)
		local index = math.floor(bit / 8)
		local octet = byte(raw, big and at + size - index or at + index + 1)
		return math.floor(octet / 2 ^ (bit % 8)) % 2 == 1
	end

	-- A text from the wire, fit for a line that a terminal may print: one line, no
	-- control bytes, at most `limit` bytes of it.
	function bytes.printable(text, limit)
		local long = limit and #text > limit
		if long then
			text = text:sub(1, limit)
		end
		text = text:gsub("[^\32-\126]", function(octet)
			return string.format("\\x%02x", byte(octet))
		end)
		return long and text .. "..." or text
	end

	-- The text before the first NUL from `at` to `stop`, and whether there is one.
	function bytes.text(raw, at, stop)
		local nul = raw:find("\0", at + 1, true)
		if nul and nul <= stop then
			return raw:sub(at + 1, nul - 1), true
		end
		return raw:sub(at + 1, stop), false
	end

	return bytes
	end)(nl)

	nl.netlink = (function(...)
	-- The frame around a message. Wireshark hands a generic netlink dissector the
	-- bytes behind the netlink header alone; the header stands before them in the same
	-- frame, and the frame is where the field `netlink.hatype` comes from.

	local nl = ...
	local bytes = nl.bytes

	local netlink = {
		COOKED = 16, -- struct sockaddr_nl's stand-in: the header of LINKTYPE_NETLINK
		HEADER = 16, -- struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence, u32 port
		GENL_HEADER = 4, -- struct genlmsghdr: u8 command, u8 version, u16 reserved
		NLA_HEADER = 4, -- struct nlattr: u16 length, u16 type

		GENERIC = 16, -- NETLINK_GENERIC

		-- Message types below this are netlink's own.
		MIN_TYPE = 16,
		ERROR = 2,
		DONE = 3,

		-- What LINKTYPE_NETLINK calls a packet type, where a recorder knows it: nlmon
		-- itself leaves 4, outgoing, in every frame.
		TO_USER = 6,
		TO_KERNEL = 7,
	}

	-- Bits of nlmsg_flags.
	local FLAGS = {
		REQUEST = 0x1, MULTI = 0x2, ACK = 0x4, DUMP_INTR = 0x10,
		ROOT = 0x100, MATCH = 0x200, -- both together ask for a dump
		CAPPED = 0x100, ACK_TLVS = 0x200, -- of NLMSG_ERROR and NLMSG_DONE
	}

	function netlink.has(flags, name)
		return math.floor(flags / FLAGS[name]) % 2 == 1
	end

	local hatype = Field.new("netlink.hatype")

	-- The bytes of the frame at hand, and where its cooked header begins; nothing
	-- where the frame is not netlink's.
	function netlink.frame()
		local info = hatype()
		if not info then
			return nil
		end
		return info.source, info.offset - 2
	end

	-- Whether the bytes of a frame are netlink's, by their form. Wireshark's first pass
	-- over a file may make no tree, and no field has a value then.
	function netlink.looks_like(tvb)
		if tvb:len() < netlink.COOKED + netlink.HEADER then
			return false
		end
		local raw = tvb:raw(0, netlink.COOKED + netlink.HEADER)
		-- Packet type below 8, ARPHRD_NETLINK, ten bytes of no address, a protocol.
		local zero, packet_type = raw:byte(1, 2)
		local high, protocol = raw:byte(15, 16)
		if zero ~= 0 or packet_type > 7 or high ~= 0 or protocol > 31
			or raw:sub(3, 14) ~= "\3\56" .. ("\0"):rep(10) then
			return false
		end
		local left = tvb:reported_len() - netlink.COOKED
		local big = netlink.is_big_endian(raw:sub(netlink.COOKED + 1), left)
		local length = bytes.u32(raw, netlink.COOKED, big)
		return length >= netlink.HEADER and length <= left
	end

	-- Whether the numbers of a netlink message are big-endian. Nobody says it: the
	-- length makes sense in one order only, since no message has more than 2^24 bytes.
	function netlink.is_big_endian(header, left)
		local little = bytes.u32(header, 0, false)
		local big = bytes.u32(header, 0, true)
		local function fits(length)
			return length >= netlink.HEADER and length <= left
		end
		if fits(little) ~= fits(big) then
			return fits(big)
		end
		return big < little
	end

	-- Takes struct nlmsghdr apart.
	function netlink.header(raw, at, big)
		return {
			length = bytes.u32(raw, at, big),
			type = bytes.u16(raw, at + 4, big),
			flags = bytes.u16(raw, at + 6, big),
			sequence = bytes.u32(raw, at + 8, big),
			port = bytes.u32(raw, at + 12, big),
		}
	end

	-- Whether a message goes to the kernel, by what the recorder wrote, else by its flag.
	function netlink.is_request(flags, packet_type)
		if packet_type == netlink.TO_USER then
			return false
		end
		return packet_type == netlink.TO_KERNEL or netlink.has(flags, "REQUEST")
	end

	-- The netlink header before the message in `tvb`: its flags, whether it is a
	-- request, the byte order, and where in the frame the message begins.
	function netlink.around(tvb)
		local source, cooked = netlink.frame()
		local at = source and tvb:offset() - source:offset()
		if not at or at < cooked + netlink.COOKED + netlink.HEADER then
			return nil
		end
		local raw = source:raw(at - netlink.HEADER, netlink.HEADER)
		local left = source:reported_len() - at + netlink.HEADER
		local big = netlink.is_big_endian(raw, left)
		local flags = bytes.u16(raw, 6, big)
		local packet_type = bytes.u16(source:raw(cooked, 2), 0, true)
		return {
			big = big,
			flags = flags,
			type = bytes.u16(raw, 4, big),
			is_request = netlink.is_request(flags, packet_type),
			at = at,
		}
	end

	return netlink
	end)(nl)

	nl.values = (function(...)
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
		for _, bit in ipairs(value.bits) do
			if bit.bit < size * 8 then
				local half = math.floor(bit.bit / 32) * 4
				local from = big and at + size - width - half or at + half
				local range = context.tvb(from, width)
				if big then
					item:add(bit.field, range)
				else
					item:add_le(bit.field, range)
				end
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
			else
				item = tree:add_packet_field(value.fields[1], context.tvb(at, #text), ENC_UTF_8)
			end
			-- A member of a struct may fill its place.
			return item, not ended and not value.size and function()
				item:add_proto_expert_info(context.family.experts.unterminated,
					value.label .. " does not end with a NUL")
			end or nil
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

	-- A C array of numbers: as many items of the one field.
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
	end)(nl)

	nl.fields = (function(...)
	-- The fields and expert items of a family.

	local nl = ...
	local values = nl.values

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
		family.nla_fields = { own.len, own.type, own.nested, own.net }
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
		family.fixed = family.fixed or {}
		for name, header in pairs(family.fixed) do
			header.kind, header.struct = "struct", name
			values.make(family, header, header.abbr)
		end
		make_own(family, command_names(family))
		make_experts(family)
		return family
	end

	return fields
	end)(nl)

	nl.attributes = (function(...)
	-- Attributes, twice: `scan` only reads, in every mode, and finds what is damaged
	-- and what the Info column says; `build` makes the tree, where one is looked at or
	-- a filter asks for a field of it.

	local nl = ...
	local bytes, values = nl.bytes, nl.values

	local attributes = {}

	-- Nests deeper than this are shown as bytes: no kernel family nests half as deep,
	-- and a hostile capture must not exhaust the stack.
	local MAX_DEPTH = 16

	-- Attributes and array elements dissected in a message; a message of 64 KiB, the
	-- longest that a kernel builds, has room for 16,384.
	local MAX_ATTRIBUTES = 20000

	local NLA_HEADER = 4

	-- The state of one message's dissection. `tvb` has all bytes that were captured
	-- and `raw` the same as a string; `stop` is where the message really ends.
	function attributes.context(family, tvb, raw, big, stop)
		local context = {
			family = family, tvb = tvb, raw = raw, big = big, net = false, stop = stop,
			count = 0, seen = {}, counts = {}, pieces = {},
		}
		function context.spend()
			context.count = context.count + 1
			return context.count <= MAX_ATTRIBUTES
		end
		return context
	end

	-- The attribute at `at`, of those that end at `stop`: where its payload begins and
	-- ends, its number, its flags' byte, and where the next one is. Without an
	-- attribute: nil, the expert item and its text.
	local function header(context, at, stop)
		local left, captured = stop - at, #context.raw
		if left < NLA_HEADER then
			return nil, "malformed", left, "bytes are left, too few for an attribute"
		elseif captured - at < NLA_HEADER then
			return nil, "partial", 0, ""
		end
		local a, b, c, d = context.raw:byte(at + 1, at + 4)
		local length, high
		if context.big then
			length, high, d = a * 256 + b, c, d
		else
			length, high, d = b * 256 + a, d, c
		end
		if length < NLA_HEADER or length > left then
			return nil, "malformed", length, left
		end
		return at + NLA_HEADER, at + length, high % 64 * 256 + d, high, at + length + -length % 4
	end

	local function explain(what, first, second)
		if what == "partial" then
			return nil
		elseif type(second) == "string" then
			return string.format("%d %s", first, second)
		end
		return string.format("An attribute says it has %d bytes, %d are left", first, second)
	end

	--------------------------------------------------------------------------------
	-- Reading

	-- Marks a message as one whose tree is needed for its expert items.
	local function odd(context, what)
		context.odd = true
		if what == "malformed" or what == "partial" then
			context[what] = true
		end
	end

	local scan

	-- What is in an array or below a key is checked as deep as it goes.
	local function scan_elements(context, value, at, stop, depth, keys)
		if depth > MAX_DEPTH then
			return odd(context, "too_deep")
		end
		while at < stop do
			local payload, ends, _, _, next_at = header(context, at, stop)
			if not payload then
				return odd(context, ends)
			elseif not context.spend() then
				return odd(context, "too_many")
			end
			if ends > #context.raw then
				odd(context, "partial")
			end
			if keys > 1 then
				scan_elements(context, value, payload, ends, depth + 1, keys - 1)
			elseif value.element.set then
				scan(context, value.element.set, payload, ends, depth + 1)
			elseif not values.fits(value.element, ends - payload) then
				odd(context, "malformed")
			end
			at = next_at
		end
	end

	-- What an attribute is on one line, where it is the first of its kind.
	local function tell(context, attr, payload, ends)
		local shown = values.tell(context, attr, payload, ends - payload)
		if not shown or attr.is_text then
			return shown
		end
		return shown == "" and attr.name or attr.name .. " " .. bytes.printable(shown, 64)
	end

	-- Reads the attributes in a range by their set. Returns what stands for all of
	-- them in one line: the first text, else the first number.
	function scan(context, set, at, stop, depth)
		if depth > MAX_DEPTH then
			odd(context, "too_deep")
			return nil
		end
		local captured = #context.raw
		local text, number
		while at < stop do
			local payload, ends, kind, high, next_at = header(context, at, stop)
			if not payload then
				odd(context, ends)
				break
			elseif not context.spend() then
				odd(context, "too_many")
				break
			end
			local attr = set and set[kind]
			local whole = ends <= captured
			if not whole then
				odd(context, "partial")
			end
			if not attr then
				odd(context, "unknown")
			else
				context.seen[attr] = true
				local shown
				if attr.holds then
					if attr.kind == "nest" then
						shown = scan(context, attr.set, payload, ends, depth + 1)
					else
						scan_elements(context, attr, payload, ends, depth + 1, attr.keys and #attr.keys or 1)
					end
				elseif whole and not values.fits(attr, ends - payload) then
					odd(context, "malformed")
				elseif whole then
					if attr.is_text and context.raw:byte(ends) ~= 0 then
						odd(context, "unterminated")
					end
					if depth == 0 and #context.pieces < 3 or (attr.is_text and not text) or not (text or number) then
						context.net = high >= 64 and high % 128 >= 64
						shown = tell(context, attr, payload, ends)
						context.net = false
					end
				end
				if shown then
					if attr.is_text then
						text = text or shown
					else
						number = number or shown
					end
				end
				if depth == 0 then
					context.counts[attr] = (context.counts[attr] or 0) + 1
					if shown and #context.pieces < 3 then
						context.pieces[#context.pieces + 1] = shown
					end
				end
			end
			at = next_at
		end
		return text or number
	end
	attributes.scan = scan

	--------------------------------------------------------------------------------
	-- The tree

	-- Which of the attributes that were read have a field that somebody asks for: true
	-- for all, nil for none. What nobody asks for is not built when no tree is looked at.
	function attributes.wanted(context, tree)
		local own = context.family.own
		-- Undecoded bytes can be in any of them.
		if tree:referenced(own.rest) then
			return true
		end
		local wanted
		local function ask(key, list)
			for i = 1, #list do
				if tree:referenced(list[i]) then
					wanted = wanted or {}
					wanted[key] = true
					return
				end
			end
		end
		for attr in pairs(context.seen) do
			ask(attr, attr.fields)
		end
		ask("headers", context.family.nla_fields)
		for _, field in ipairs({ own.cmd, own.version, own.reserved }) do
			if tree:referenced(field) then
				wanted = wanted or {}
				wanted[field] = true
			end
		end
		return wanted
	end

	local function report(context, item, what, text)
		if text then
			item:add_proto_expert_info(context.family.experts[what], text)
		else
			item:add_proto_expert_info(context.family.experts[what])
		end
	end

	-- The attribute's header, first below its item.
	local function add_header(context, item, at, label)
		if context.wanted and not context.wanted.headers then
			return
		end
		local own = context.family.own
		local kind = context.tvb(at + 2, 2)
		local add = context.big and item.add or item.add_le
		add(item, own.len, context.tvb(at, 2))
		add(item, own.nested, kind)
		add(item, own.net, kind)
		local made = add(item, own.type, kind)
		if context.visible then
			made:append_text(" (" .. label .. ")")
		end
	end

	-- The bytes from `at` that were captured, as what could not be dissected.
	local function add_rest(context, tree, at, stop)
		stop = math.min(stop, #context.raw)
		local range = at < stop and context.tvb(at, stop - at) or context.tvb(#context.raw - 1, 1)
		return tree:add(context.family.own.rest, range)
	end

	-- Where to put an item of an attribute without a payload.
	local function span(context, at, payload, ends)
		ends = math.min(ends, #context.raw)
		if ends > payload then
			return context.tvb(payload, ends - payload)
		end
		return context.tvb(at, NLA_HEADER)
	end

	local build

	-- A value of the wrong length, or one that was not captured whole: its bytes.
	local function add_damaged(context, tree, attr, at, payload, ends, what, text)
		local item = tree:add(context.family.own.rest, span(context, at, payload, ends))
		local shown = context.raw:sub(payload + 1, math.min(ends, payload + 32)):gsub(".", function(octet)
			return string.format("%02x", octet:byte())
		end)
		item:set_text(shown == "" and attr.label or attr.label .. ": " .. shown)
		add_header(context, item, at, attr.label)
		report(context, item, what, text)
	end

	local function wrong_length(attr, size)
		if size == 0 then
			return attr.label .. " is empty"
		end
		local text = string.format("%s has %d byte%s", attr.label, size, size == 1 and "" or "s")
		return attr.least == attr.most and string.format("%s, not %d", text, attr.least) or text
	end

	local function add_value(context, tree, attr, at, payload, ends)
		local size = ends - payload
		if ends > #context.raw then
			return add_damaged(context, tree, attr, at, payload, ends, "partial")
		elseif not values.fits(attr, size) then
			return add_damaged(context, tree, attr, at, payload, ends, "wrong_length", wrong_length(attr, size))
		end
		local item, more
		if attr.kind == "flag" then
			item = tree:add(attr.fields[1], context.tvb(at, NLA_HEADER))
		else
			item, more = values.add(context, tree, attr, payload, size)
		end
		add_header(context, item, at, attr.label)
		if more then
			more(item)
		end
	end

	-- Elements of an array, or what is below a key, each in an item of its own.
	local function build_elements(context, tree, value, at, stop, depth, key)
		if depth > MAX_DEPTH then
			return report(context, add_rest(context, tree, at, stop), "too_deep")
		end
		while at < stop and not context.full do
			local payload, ends, kind, high, next_at = header(context, at, stop)
			if not payload then
				return report(context, add_rest(context, tree, at, stop), ends, explain(ends, kind, high))
			elseif not context.spend() then
				context.full = true
				return report(context, add_rest(context, tree, at, stop), "too_many")
			end
			local field = value.key_fields and value.key_fields[key]
			local label = field and string.format("%s %d", value.keys[key], kind) or string.format("[%d]", kind)
			local element = value.element
			if (field and key < #value.keys) or element.set then
				local item = tree:add(span(context, at, payload, ends), label)
				add_header(context, item, at, label)
				if field then
					item:add(field, context.tvb(at + 2, 2), kind)
				end
				if field and key < #value.keys then
					build_elements(context, item, value, payload, ends, depth + 1, key + 1)
				else
					build(context, item, element.set, payload, ends, depth + 1)
				end
			elseif field then
				local item = tree:add(span(context, at, payload, ends), label)
				item:add(field, context.tvb(at + 2, 2), kind)
				add_value(context, item, element, at, payload, ends)
			else
				add_value(context, tree, element, at, payload, ends)
			end
			at = next_at
		end
	end

	local function add_holder(context, tree, attr, at, payload, ends, depth)
		local range = span(context, at, payload, ends)
		local own = attr.kind == "nest" or attr.element.set
		local item
		if own then
			item = tree:add(attr.fields[1], range)
		else
			item = tree:add(range, attr.label)
		end
		add_header(context, item, at, attr.label)
		if ends > #context.raw then
			report(context, item, "partial")
		end
		if attr.kind ~= "nest" then
			return build_elements(context, item, attr, payload, ends, depth + 1, 1)
		end
		local shown = build(context, item, attr.set, payload, ends, depth + 1)
		if shown and context.visible then
			item:append_text(": " .. shown)
		end
		return shown
	end

	-- Adds the attributes in a range to the tree by their set. Returns their one line,
	-- as `scan` does, where the tree is looked at.
	function build(context, tree, set, at, stop, depth)
		if depth > MAX_DEPTH then
			report(context, add_rest(context, tree, at, stop), "too_deep")
			return nil
		end
		local wanted = context.wanted
		local text, number
		while at < stop and not context.full do
			local payload, ends, kind, high, next_at = header(context, at, stop)
			if not payload then
				report(context, add_rest(context, tree, at, stop), ends, explain(ends, kind, high))
				break
			elseif not context.spend() then
				context.full = true
				report(context, add_rest(context, tree, at, stop), "too_many")
				break
			end
			local attr = set and set[kind]
			if not attr then
				local item = tree:add(context.family.own.unknown, span(context, at, payload, ends))
				add_header(context, item, at, "unknown")
				report(context, item, "unknown", string.format("The specification has no attribute %d here", kind))
			elseif attr.holds then
				local shown = add_holder(context, tree, attr, at, payload, ends, depth)
				number = number or shown
			elseif not wanted or wanted[attr] or wanted.headers then
				context.net = high % 128 >= 64
				add_value(context, tree, attr, at, payload, ends)
				if context.visible and not text and (attr.is_text or not number)
					and ends <= #context.raw and values.fits(attr, ends - payload) then
					local shown = tell(context, attr, payload, ends)
					if attr.is_text then
						text = shown
					else
						number = number or shown
					end
				end
				context.net = false
			end
			at = next_at
		end
		return text or number
	end

	-- Builds the tree of all attributes from `at` on.
	function attributes.build(context, tree, set, at)
		context.count, context.full = 0, false
		build(context, tree, set, at, context.stop, 0)
	end

	return attributes
	end)(nl)

	nl.runtime = (function(...)
	-- One generic netlink message by its family, and the registration of families.

	local nl = ...
	local bytes, netlink, fields = nl.bytes, nl.netlink, nl.fields
	local values, attributes = nl.values, nl.attributes

	local runtime = { families = {} }

	local GENL_HEADER = netlink.GENL_HEADER

	-- Info texts of a frame that are written out; what follows is counted.
	local MAX_TOLD = 3

	-- What was said of the frame at hand: the Info column, which Wireshark empties for
	-- each message, and what each message was, by where it begins.
	local told

	function runtime.forget()
		told = nil
	end

	-- What was said of the frame of this number.
	function runtime.told(number)
		if not told or told.frame ~= number then
			told = { frame = number, count = 0, messages = {} }
		end
		return told
	end

	local function tell(pinfo, info)
		local here = runtime.told(pinfo.number)
		here.count = here.count + 1
		if here.count == 1 then
			here.text, here.shown = info, info
		elseif here.count <= MAX_TOLD then
			here.text = here.text .. "; " .. info
			here.shown = here.text
		else
			here.shown = string.format("%s; %d more", here.text, here.count - MAX_TOLD)
		end
		pinfo.cols.info = here.shown
	end

	-- What the Info column says behind the operation: how many there are of what may
	-- stand several times, or the leading values.
	local function story(operation, is_request, context)
		for _, number in ipairs(operation.counted or {}) do
			local attr = operation.set[number]
			local count = context.counts[attr] or 0
			if count > 1 or (count == 0 and not is_request and not context.odd) then
				return string.format("%d %s", count, attr.noun)
			end
		end
		return context.pieces[1] and table.concat(context.pieces, ", ")
	end

	local function info_of(operation, is_request, context)
		local what = is_request and " request" or (operation.async and " notification" or " answer")
		local info = operation.label .. what
		local more = story(operation, is_request, context)
		if more then
			info = info .. ", " .. more
		end
		if context.malformed then
			info = info .. ", malformed"
		elseif context.partial then
			info = info .. ", cut by the capture"
		end
		return info
	end

	local UNKNOWN = {}

	local function add_headers(context, root, operation)
		local own, wanted = context.family.own, context.wanted
		local tvb = context.tvb
		if not wanted or wanted[own.cmd] then
			local item = root:add(own.cmd, tvb(0, 1))
			if context.visible and context.family.replies ~= context.family.requests and operation ~= UNKNOWN then
				item:append_text(" (" .. operation.label .. ")")
			end
		end
		if not wanted or wanted[own.version] then
			root:add(own.version, tvb(1, 1))
		end
		if not wanted or wanted[own.reserved] then
			local add = context.big and root.add or root.add_le
			add(root, own.reserved, tvb(2, 2))
		end
	end

	-- The struct that some families have between the two headers and the attributes.
	local function add_fixed(context, root, fixed)
		local left = #context.raw - GENL_HEADER
		if fixed and left > 0 then
			local size = math.min(left, fixed.size)
			local _, more = values.add(context, root, fixed, GENL_HEADER, size)
			more()
		end
	end

	local function build(context, root, operation, info)
		local family = context.family
		if context.visible then
			root:set_text(family.name .. ": " .. info)
		end
		if #context.raw < GENL_HEADER then
			root:add_proto_expert_info(family.experts[context.malformed and "malformed" or "partial"],
				"The generic netlink header is not whole")
			return
		end
		add_headers(context, root, operation)
		if operation == UNKNOWN then
			root:add_proto_expert_info(family.experts.unknown,
				string.format("The specification has no command %d", context.raw:byte(1)))
		end
		local at = GENL_HEADER
		local fixed = operation.header and family.fixed[operation.header]
		if fixed then
			add_fixed(context, root, fixed)
			at = at + fixed.size
			if at > context.stop then
				root:add_proto_expert_info(family.experts.malformed, "The family's header is cut short")
				return
			end
		end
		attributes.build(context, root, operation.set, at)
	end

	-- Reads a message; returns what it says in one line.
	local function scan(context, is_request)
		local raw, stop, family = context.raw, context.stop, context.family
		if #raw < GENL_HEADER then
			context.odd = true
			context[stop < GENL_HEADER and "malformed" or "partial"] = true
			return UNKNOWN, "header"
		end
		local command = raw:byte(1)
		local operation = (is_request and family.requests or family.replies)[command]
		local label = operation and operation.label or string.format("command %d", command)
		local at = GENL_HEADER
		local fixed = operation and operation.header and family.fixed[operation.header]
		if fixed then
			context.seen[fixed] = true
			at = at + fixed.size
			if at > stop then
				context.odd, context.malformed = true, true
			end
		end
		attributes.scan(context, operation and operation.set, at, stop, 0)
		if not operation then
			context.odd = true
			return UNKNOWN, info_of({ label = label }, is_request, context)
		end
		return operation, info_of(operation, is_request, context)
	end

	local function dissect(family, tvb, pinfo, tree)
		local around = netlink.around(tvb)
		local raw = tvb:raw(0, tvb:len())
		local context = attributes.context(family, tvb, raw, around and around.big, tvb:reported_len())
		-- Without a netlink header the message is taken for an answer.
		local is_request = around ~= nil and around.is_request
		local operation, info = scan(context, is_request)
		pinfo.cols.protocol = family.name
		if #raw > 0 then
			runtime.told(pinfo.number).messages[tvb:offset() - netlink.HEADER] = { family = family, command = raw:byte(1) }
		end
		tell(pinfo, info)

		-- The family's own item is always there, so that a filter on the protocol alone
		-- finds the message; what is below it, where somebody looks.
		local root = tree:add(family.proto, tvb())
		context.visible = tree.visible
		if not context.visible and not context.odd then
			local wanted = attributes.wanted(context, tree)
			if not wanted then
				return
			end
			context.wanted = wanted ~= true and wanted or nil
		end
		build(context, root, operation, info)
	end

	-- The family whose id the preferences give, for a capture in which nothing names it.
	function runtime.preferred(id)
		for _, family in pairs(runtime.families) do
			if family.proto.prefs.id == id then
				return family
			end
		end
	end

	-- Registers a family by its tables; a second file of the same family is left alone.
	function runtime.register(family)
		if runtime.families[family.name] then
			return
		end
		runtime.families[family.name] = family
		fields.make(family)
		local proto = Proto(family.abbr, family.title)
		family.proto = proto
		proto.fields = family.fields
		proto.prefs.id = Pref.uint("Family id", 0,
			"The family's number in captures that do not name it; 0 for none")
		local experts = {}
		for _, made in pairs(family.experts) do
			experts[#experts + 1] = made
		end
		proto.experts = experts
		function proto.dissector(tvb, pinfo, tree)
			-- A fault of ours is an item of the tree, never a Lua error on the screen.
			local ok, message = pcall(dissect, family, tvb, pinfo, tree)
			if not ok then
				tree:add_proto_expert_info(family.experts.fault, bytes.printable(tostring(message), 200))
			end
			return tvb:len()
		end
		DissectorTable.get("genl.family"):add(family.name, proto)
	end

	return runtime
	end)(nl)

	nl.errors = (function(...)
	-- NLMSG_ERROR and NLMSG_DONE: the errno, and what the kernel says beside it
	-- (enum nlmsgerr_attrs of linux/netlink.h).

	local nl = ...
	local bytes, netlink = nl.bytes, nl.netlink

	local errors = {}

	-- asm-generic/errno.h, and the one that the kernel lets out though it should not.
	local NUMBERS = {
		EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6, E2BIG = 7, ENOEXEC = 8,
		EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14, ENOTBLK = 15,
		EBUSY = 16, EEXIST = 17, EXDEV = 18, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22,
		ENFILE = 23, EMFILE = 24, ENOTTY = 25, ETXTBSY = 26, EFBIG = 27, ENOSPC = 28, ESPIPE = 29,
		EROFS = 30, EMLINK = 31, EPIPE = 32, EDOM = 33, ERANGE = 34, EDEADLK = 35, ENAMETOOLONG = 36,
		ENOLCK = 37, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40, ENOMSG = 42, EIDRM = 43, ECHRNG = 44,
		EL2NSYNC = 45, EL3HLT = 46, EL3RST = 47, ELNRNG = 48, EUNATCH = 49, ENOCSI = 50, EL2HLT = 51,
		EBADE = 52, EBADR = 53, EXFULL = 54, ENOANO = 55, EBADRQC = 56, EBADSLT = 57, EBFONT = 59,
		ENOSTR = 60, ENODATA = 61, ETIME = 62, ENOSR = 63, ENONET = 64, ENOPKG = 65, EREMOTE = 66,
		ENOLINK = 67, EADV = 68, ESRMNT = 69, ECOMM = 70, EPROTO = 71, EMULTIHOP = 72, EDOTDOT = 73,
		EBADMSG = 74, EOVERFLOW = 75, ENOTUNIQ = 76, EBADFD = 77, EREMCHG = 78, ELIBACC = 79,
		ELIBBAD = 80, ELIBSCN = 81, ELIBMAX = 82, ELIBEXEC = 83, EILSEQ = 84, ERESTART = 85,
		ESTRPIPE = 86, EUSERS = 87, ENOTSOCK = 88, EDESTADDRREQ = 89, EMSGSIZE = 90, EPROTOTYPE = 91,
		ENOPROTOOPT = 92, EPROTONOSUPPORT = 93, ESOCKTNOSUPPORT = 94, EOPNOTSUPP = 95, EPFNOSUPPORT = 96,
		EAFNOSUPPORT = 97, EADDRINUSE = 98, EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101,
		ENETRESET = 102, ECONNABORTED = 103, ECONNRESET = 104, ENOBUFS = 105, EISCONN = 106,
		ENOTCONN = 107, ESHUTDOWN = 108, ETOOMANYREFS = 109, ETIMEDOUT = 110, ECONNREFUSED = 111,
		EHOSTDOWN = 112, EHOSTUNREACH = 113, EALREADY = 114, EINPROGRESS = 115, ESTALE = 116,
		EUCLEAN = 117, ENOTNAM = 118, ENAVAIL = 119, EISNAM = 120, EREMOTEIO = 121, EDQUOT = 122,
		ENOMEDIUM = 123, EMEDIUMTYPE = 124, ECANCELED = 125, ENOKEY = 126, EKEYEXPIRED = 127,
		EKEYREVOKED = 128, EKEYREJECTED = 129, EOWNERDEAD = 130, ENOTRECOVERABLE = 131, ERFKILL = 132,
		EHWPOISON = 133, ENOTSUPP = 524,
	}

	-- Names by what stands on the wire, which is negative.
	errors.names = {}
	for name, number in pairs(NUMBERS) do
		errors.names[-number] = name
	end

	local MSG, OFFS, COOKIE, POLICY, MISS_TYPE, MISS_NEST = 1, 2, 3, 4, 5, 6

	-- Attributes of a policy (enum netlink_policy_type_attr), as the fields name them.
	errors.POLICY = {
		[1] = "type", [2] = "min_value_s", [3] = "max_value_s", [4] = "min_value_u", [5] = "max_value_u",
		[6] = "min_length", [7] = "max_length", [8] = "index", [9] = "maxtype", [10] = "bitfield32_mask",
		[12] = "mask",
	}

	-- Calls `each` for the attributes between two offsets, as long as they make sense.
	local function walk(raw, at, stop, big, each)
		stop = math.min(stop, #raw)
		while at + 4 <= stop do
			local length = bytes.u16(raw, at, big)
			if length < 4 or at + length > stop then
				return false
			end
			if each(at, bytes.u16(raw, at + 2, big) % 0x4000, at + 4, at + length) then
				return true
			end
			at = at + bytes.align(length)
		end
		return at >= stop
	end

	-- Takes an error or the end of a dump apart. `raw` begins with its netlink header,
	-- and may be cut. Offsets in what is returned count from there.
	function errors.parse(raw, header, big)
		local is_error = header.type == netlink.ERROR
		local stop = math.min(header.length, #raw)
		local found = { attrs = {} }
		if stop < 20 then
			return found
		end
		found.errno = bytes.signed(raw, 16, 4, big)
		found.name = errors.names[found.errno]
		local at = 20
		if is_error then
			if stop < 36 then
				return found
			end
			found.original = netlink.header(raw, 20, big)
			found.capped = netlink.has(header.flags, "CAPPED")
			at = 36
			if not found.capped then
				-- A length that cannot be leaves nothing behind it.
				at = 20 + bytes.align(math.max(found.original.length, 16))
				found.copy = raw:sub(21, math.min(20 + found.original.length, stop))
				found.copy = #found.copy == found.original.length and found.copy or nil
			end
		end
		if not netlink.has(header.flags, "ACK_TLVS") then
			return found
		end
		found.sound = at <= header.length and walk(raw, at, header.length, big, function(_, kind, from, to)
			local size = to - from
			if kind == MSG then
				found.text = bytes.text(raw, from, to)
			elseif kind == OFFS and size == 4 then
				found.offset = bytes.u32(raw, from, big)
			elseif kind == MISS_TYPE and size == 4 then
				found.missing_type = bytes.u32(raw, from, big)
			elseif kind == MISS_NEST and size == 4 then
				found.missing_nest = bytes.u32(raw, from, big)
			elseif kind == POLICY then
				found.policy = {}
				walk(raw, from, to, big, function(_, part, value, ends)
					if errors.POLICY[part] and (ends - value == 4 or ends - value == 8) then
						found.policy[#found.policy + 1] = { name = errors.POLICY[part], at = value, size = ends - value }
					end
				end)
			end
			if size > 0 then
				found.attrs[kind] = { at = from, size = size }
			end
		end)
		-- A message that the capture cut is not the kernel's fault.
		found.malformed = not found.sound and #raw >= header.length
		return found
	end

	errors.KINDS = {
		MSG = MSG, OFFS = OFFS, COOKIE = COOKIE, POLICY = POLICY, MISS_TYPE = MISS_TYPE, MISS_NEST = MISS_NEST,
	}

	local function name_of(set, kind)
		local attr = set and set[kind]
		return attr and attr.name or string.format("%d", kind), attr and attr.set
	end

	-- The names from the top to the attribute that begins at `target`, and its set.
	local function path(raw, big, at, stop, target, set, depth)
		local result, inner
		walk(raw, at, stop, big, function(from, kind, payload, ends)
			if target >= ends then
				return false
			end
			local name, below = name_of(set, kind)
			if target == from then
				result, inner = name, below
			elseif target >= payload and depth < 16 then
				local rest
				rest, inner = path(raw, big, payload, ends, target, below, depth + 1)
				result = rest and name .. "." .. rest
			end
			return true
		end)
		return result, inner
	end

	-- What stands at an offset of a request: "netdev.ifindex", by numbers where no
	-- specification has names; and the set of what is in it.
	local function attribute_at(exchange, raw, target)
		if not raw or target < 16 or target + 4 > #raw then
			return nil
		end
		if exchange.protocol == netlink.GENERIC then
			local operation = exchange.operation
			local fixed = operation and operation.header and exchange.family.fixed[operation.header]
			local start = 16 + netlink.GENL_HEADER + (fixed and fixed.size or 0)
			local found, set = path(raw, exchange.big, start, #raw, target, operation and operation.set, 0)
			if found then
				return found, set
			end
		end
		return string.format("%d", bytes.u16(raw, target + 2, exchange.big) % 0x4000)
	end

	-- Names the attributes that an error is about, from the request that it answers.
	function errors.explain(found, exchange)
		local raw = found.copy or exchange.raw
		if found.offset then
			found.bad = attribute_at(exchange, raw, found.offset)
		end
		if found.missing_type then
			local set, prefix = exchange.operation and exchange.operation.set, ""
			if found.missing_nest then
				local nest
				nest, set = attribute_at(exchange, raw, found.missing_nest)
				prefix = nest and nest .. "." or ""
			end
			found.missing = prefix .. name_of(set, found.missing_type)
		end
	end

	return errors
	end)(nl)

	nl.exchanges = (function(...)
	-- Which answers belong to which request. An answer carries the request's sequence
	-- number and the port id of the socket that asked; the request itself often carries
	-- port 0, so its port is learnt from its first answer.

	local nl = ...
	local netlink = nl.netlink

	local exchanges = {}

	-- Requests of one sequence number that wait for an answer; those before them are
	-- given up. Programs that use one number for ever are the reason.
	local MAX_OPEN = 64

	-- Requests that answers are looked for, waiting and answered ones; the oldest are
	-- given up. What is shown of them stays.
	local MAX_WAITING, MAX_OVER = 4096, 256

	-- A request's bytes, for the names in an error, are kept up to this length.
	local MAX_BYTES = 8192

	-- Frames of answers that a request lists.
	local MAX_LISTED = 16

	-- What is shown of an exchange stays for the whole file, in a list: a table with
	-- names takes six times the memory, and Lua's collector goes through all of it.
	local FRAME, TIME, FAMILY, OPERATION, COUNT, DONE, ERROR, ACK, FIRST, MORE = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	local ENDS = { done = DONE, error = ERROR, ack = ACK }

	-- The parts of what is shown, by name.
	function exchanges.unpack(shown)
		local answers = {}
		if shown[FIRST] then
			answers[1] = shown[FIRST]
			for _, frame in ipairs(shown[MORE] or {}) do
				answers[#answers + 1] = frame
			end
		end
		return {
			frame = shown[FRAME], time = shown[TIME], family = shown[FAMILY] or nil,
			operation = shown[OPERATION] or nil, count = shown[COUNT], answers = answers,
			done = shown[DONE] or nil, error = shown[ERROR] or nil, ack = shown[ACK] or nil,
		}
	end

	local open, waiting, over

	-- The last requests of a kind, in a ring.
	local function ring(size)
		return { size = size, next = 1 }
	end

	function exchanges.reset()
		open, waiting, over = {}, ring(MAX_WAITING), ring(MAX_OVER)
	end
	exchanges.reset()

	local function key_of(protocol, sequence)
		return protocol * 2 ^ 32 + sequence
	end

	local function forget(request)
		local key = key_of(request.protocol, request.sequence)
		local others = open[key] or {}
		for i, other in ipairs(others) do
			if other == request then
				table.remove(others, i)
				break
			end
		end
		if #others == 0 then
			open[key] = nil
		end
	end

	-- Puts a request into a ring; that which falls out is given up, unless it is in the
	-- other ring by now.
	local function put(into, request)
		local oldest = into[into.next]
		if oldest and oldest.ring == into then
			forget(oldest)
		end
		into[into.next] = request
		request.ring = into
		into.next = into.next % into.size + 1
	end

	-- A request: what is known of it when it is seen. Returns what is shown of it.
	function exchanges.begin(request, raw, frame, time)
		request.shown = {
			frame, time, request.family or false, request.operation or false, 0, false, false, false, false, false,
		}
		request.dump = netlink.has(request.flags, "ROOT") and netlink.has(request.flags, "MATCH")
		request.raw = raw and #raw <= MAX_BYTES and raw or nil
		local key = key_of(request.protocol, request.sequence)
		local others = open[key]
		if not others then
			others = {}
			open[key] = others
		end
		others[#others + 1] = request
		if #others > MAX_OPEN then
			table.remove(others, 1)
		end
		put(waiting, request)
		return request.shown
	end

	-- Whether an answer can be a request's, beyond the numbers: generic netlink answers
	-- with the request's own type, an error repeats it, and a recorder may know both
	-- sockets.
	local function may_be(request, kind, owner)
		if request.owner and owner and request.owner ~= owner then
			return false
		end
		return kind == nil or kind == request.type
	end

	-- The request that a message from the kernel answers; nil for none. `kind` is the
	-- request's type, where the answer tells it.
	function exchanges.find(protocol, header, kind, owner)
		local others = open[key_of(protocol, header.sequence)]
		-- Port 0 is the kernel's own: a notification.
		if not others or header.port == 0 then
			return nil
		end
		local unbound, ended
		for i = #others, 1, -1 do
			local request = others[i]
			if request.port == header.port then
				if not request.over then
					return request
				end
				ended = ended or request
			elseif request.port == 0 and not request.over and may_be(request, kind, owner) then
				unbound = request
			end
		end
		if unbound then
			unbound.port = header.port
			return unbound
		end
		return ended
	end

	local function finish(request)
		if not request.over then
			request.over, request.raw = true, nil
			put(over, request)
		end
	end

	-- Writes down that a request was answered by a message of a frame. `role` is
	-- "answer", "done", "error" or "ack".
	function exchanges.answer(request, role, frame, flags)
		local shown = request.shown
		if role ~= "answer" then
			shown[ENDS[role]] = shown[ENDS[role]] or frame
			return finish(request)
		end
		shown[COUNT] = shown[COUNT] + 1
		if not shown[FIRST] then
			shown[FIRST] = frame
		elseif request.last ~= frame then
			local more = shown[MORE] or {}
			shown[MORE] = more
			if #more < MAX_LISTED - 1 then
				more[#more + 1] = frame
			end
		end
		request.last = frame
		if not request.dump and not netlink.has(request.flags, "ACK") and not netlink.has(flags, "MULTI") then
			finish(request)
		end
	end

	return exchanges
	end)(nl)

	nl.notes = (function(...)
	-- What the recorder wrote into the frame's comment:
	-- pid=812 tid=812 socket=3 owner=exact comm="ip"

	local nl = ...
	local bytes = nl.bytes

	local notes = {}

	local recorder = Proto("nlcap", "Sender, as the recorder knows it")
	local fields = {
		pid = ProtoField.uint32("nlcap.pid", "Process", base.DEC, nil, nil, "Thread-group id of the process"),
		tid = ProtoField.uint32("nlcap.tid", "Thread", base.DEC, nil, nil, "Id of the thread"),
		socket = ProtoField.uint32("nlcap.socket", "Socket", base.DEC, nil, nil, "The recorder's number of the socket"),
		owner = ProtoField.string("nlcap.owner", "Known", base.UNICODE, "How the recorder knows it: exact, or else"),
		comm = ProtoField.string("nlcap.comm", "Command", base.UNICODE, "The process's name"),
	}
	recorder.fields = { fields.pid, fields.tid, fields.socket, fields.owner, fields.comm }

	local comment_of = Field.new("frame.comment")

	local function unescape(text)
		return (text:gsub("\\(x?)(%x?%x?)(.?)", function(hex, digits, other)
			if hex == "x" and #digits == 2 then
				return string.char(tonumber(digits, 16)) .. other
			end
			return hex .. digits .. other
		end))
	end

	-- What the frame's comment says of the sender; nil where it is no recorder's.
	function notes.read()
		for _, info in ipairs({ comment_of() }) do
			local comment = tostring(info.value)
			if comment:find("^pid=%d+ ") or comment:find("^pid=%d+$") then
				local found = { comm = comment:match(' comm="(.*)"$') }
				found.comm = found.comm and unescape(found.comm)
				local rest = comment:gsub(' comm=".*"$', "")
				for name, value in rest:gmatch("(%a+)=(%S+)") do
					if name == "owner" then
						found.owner = value
					elseif fields[name] and name ~= "comm" and value:find("^%d+$") and #value <= 9 then
						found[name] = tonumber(value)
					end
				end
				return found
			end
		end
	end

	function notes.add(found, tree)
		local item = tree:add(recorder)
		item:set_generated()
		for _, name in ipairs({ "pid", "tid", "socket", "owner", "comm" }) do
			if found[name] then
				local text = type(found[name]) == "string" and bytes.printable(found[name], 256)
				item:add(fields[name], text or found[name]):set_generated()
			end
		end
	end

	return notes
	end)(nl)

	nl.talk = (function(...)
	-- The post-dissector of all netlink protocols: what a message answers and is answered
	-- by, why a request failed, and who sent it. Wireshark hands errors, acknowledgements
	-- and the ends of dumps to no family's dissector, so they are found here, in the bytes
	-- of the frame.

	local nl = ...
	local bytes, netlink, errors = nl.bytes, nl.netlink, nl.errors
	local exchanges, notes, runtime = nl.exchanges, nl.notes, nl.runtime

	--------------------------------------------------------------------------------
	-- Fields

	local proto = Proto("nlmsg", "Netlink exchange")

	local function errno_names()
		local names = { [0] = "none" }
		for number, name in pairs(errors.names) do
			names[number] = name
		end
		return names
	end

	local fields = {
		family = ProtoField.string("nlmsg.family", "Family", base.UNICODE, "Generic netlink family of the request"),
		operation = ProtoField.string("nlmsg.operation", "Operation", base.UNICODE, "Operation of the request"),
		request_in = ProtoField.framenum("nlmsg.request_in", "Request in frame", base.NONE, frametype.REQUEST,
			nil, "The frame that asked for this"),
		answer_in = ProtoField.framenum("nlmsg.answer_in", "Answer in frame", base.NONE, frametype.RESPONSE,
			nil, "A frame that answers this request"),
		done_in = ProtoField.framenum("nlmsg.done_in", "Dump ends in frame", base.NONE, frametype.RESPONSE,
			nil, "The frame with NLMSG_DONE"),
		error_in = ProtoField.framenum("nlmsg.error_in", "Error in frame", base.NONE, frametype.RESPONSE,
			nil, "The frame with the error that answers this request"),
		ack_in = ProtoField.framenum("nlmsg.ack_in", "Acknowledged in frame", base.NONE, frametype.RESPONSE,
			nil, "The frame with the error 0 that answers this request"),
		answers = ProtoField.uint32("nlmsg.answers", "Answers", base.DEC, nil, nil,
			"Messages that answer this request, its end not counted"),
		time = ProtoField.relative_time("nlmsg.time", "Time since request", "From the request's frame to this one"),
		error = ProtoField.int32("nlmsg.error", "Error", base.DEC, errno_names(), nil, "Negative errno; 0 acknowledges"),
		errno = ProtoField.string("nlmsg.errno", "Name of the error", base.UNICODE, "ENODEV, for a column"),
		capped = ProtoField.bool("nlmsg.capped", "Capped", 16, { "yes", "no" }, 0x100,
			"NLM_F_CAPPED: the request is repeated without its payload"),
		text = ProtoField.string("nlmsg.extack.msg", "Kernel says", base.UNICODE, "NLMSGERR_ATTR_MSG"),
		offset = ProtoField.uint32("nlmsg.extack.offs", "Offset of the bad attribute", base.DEC, nil, nil,
			"NLMSGERR_ATTR_OFFS, from the request's netlink header on"),
		bad = ProtoField.string("nlmsg.extack.bad_attr", "Bad attribute", base.UNICODE,
			"Names from the top to the attribute at the offset"),
		miss_type = ProtoField.uint32("nlmsg.extack.miss_type", "Number of the missing attribute", base.DEC, nil, nil,
			"NLMSGERR_ATTR_MISS_TYPE"),
		miss_nest = ProtoField.uint32("nlmsg.extack.miss_nest", "Offset of the nest that lacks it", base.DEC, nil, nil,
			"NLMSGERR_ATTR_MISS_NEST, from the request's netlink header on"),
		missing = ProtoField.string("nlmsg.extack.missing", "Missing attribute", base.UNICODE,
			"Names from the top to the attribute that is missing"),
		cookie = ProtoField.bytes("nlmsg.extack.cookie", "Cookie", base.NONE, "NLMSGERR_ATTR_COOKIE"),
		policy = ProtoField.none("nlmsg.extack.policy", "Policy of the bad attribute", "NLMSGERR_ATTR_POLICY"),
	}
	local POLICY_TYPES = {
		[0] = "INVALID", "FLAG", "U8", "U16", "U32", "U64", "S8", "S16", "S32", "S64", "BINARY", "STRING",
		"NUL_STRING", "NESTED", "NESTED_ARRAY", "BITFIELD32", "SINT", "UINT",
	}
	for _, name in pairs(errors.POLICY) do
		local make = (name == "min_value_s" or name == "max_value_s") and ProtoField.int64 or ProtoField.uint64
		fields["policy_" .. name] = make("nlmsg.extack.policy." .. name, name, base.DEC,
			name == "type" and POLICY_TYPES or nil)
	end

	local experts = {
		failed = ProtoExpert.new("nlmsg.failed", "The request failed",
			expert.group.RESPONSE_CODE, expert.severity.WARN),
		interrupted = ProtoExpert.new("nlmsg.dump_interrupted",
			"The dump is inconsistent: what it lists changed meanwhile, ask again (NLM_F_DUMP_INTR)",
			expert.group.SEQUENCE, expert.severity.WARN),
		capped = ProtoExpert.new("nlmsg.capped_error",
			"The kernel left the request's payload out (NETLINK_CAP_ACK)",
			expert.group.RESPONSE_CODE, expert.severity.CHAT),
		malformed = ProtoExpert.new("nlmsg.malformed", "What the kernel says of the error is malformed",
			expert.group.MALFORMED, expert.severity.ERROR),
		fault = ProtoExpert.new("nlmsg.fault", "The dissector failed",
			expert.group.UNDECODED, expert.severity.ERROR),
	}
	local function list(named)
		local all = {}
		for _, one in pairs(named) do
			all[#all + 1] = one
		end
		return all
	end
	local all_fields = list(fields)
	proto.fields, proto.experts = all_fields, list(experts)

	--------------------------------------------------------------------------------
	-- Reading a frame

	-- What is known of each frame that was read: seen once in the order of the file,
	-- shown whenever somebody looks.
	local frames = {}

	function proto.init()
		frames = {}
		exchanges.reset()
		runtime.forget()
	end

	-- The messages of a frame, as far as they were captured.
	local function messages_of(source, cooked)
		local raw = source:raw(cooked, source:len() - cooked)
		local found, at = { raw = raw }, netlink.COOKED
		if #raw < at + netlink.HEADER then
			return found
		end
		local left = source:reported_len() - cooked - at
		found.big = netlink.is_big_endian(raw:sub(at + 1, at + netlink.HEADER), left)
		found.protocol = bytes.u16(raw, 14, true)
		found.packet_type = bytes.u16(raw, 0, true)
		while at + netlink.HEADER <= #raw do
			local header = netlink.header(raw, at, found.big)
			if header.length < netlink.HEADER then
				break
			end
			header.at = at
			-- As the families' dissectors call the place.
			header.place = source:offset() + cooked + at
			found[#found + 1] = header
			at = at + bytes.align(header.length)
		end
		return found
	end

	-- A recorder's name of the socket; only "exact" ones tell sockets apart.
	local function owner_of(noted)
		if noted and noted.owner == "exact" and noted.pid and noted.socket then
			return noted.pid .. ":" .. noted.socket
		end
	end

	local function role_of(header, found)
		if header.type == netlink.ERROR then
			return found and found.errno == 0 and "ack" or "error"
		elseif header.type == netlink.DONE then
			return found and found.errno and found.errno < 0 and "error" or "done"
		end
		return "answer"
	end

	local function read_request(messages, header, pinfo, known, owner)
		local raw = messages.raw:sub(header.at + 1, header.at + header.length)
		return exchanges.begin({
			protocol = messages.protocol, big = messages.big,
			type = header.type, flags = header.flags, sequence = header.sequence, port = header.port, owner = owner,
			family = known and known.family, operation = known and known.operation,
		}, #raw == header.length and raw or nil, pinfo.number, pinfo.rel_ts)
	end

	-- An error or the end of a dump, taken apart; nil for other messages.
	local function error_of(messages, header)
		if header.type ~= netlink.ERROR and header.type ~= netlink.DONE then
			return nil
		end
		local raw = messages.raw:sub(header.at + 1, header.at + header.length)
		return errors.parse(raw, header, messages.big)
	end

	-- What a message from the kernel is and whom it answers: what is shown of the
	-- request, its role, and the names that an error is about.
	local function read_answer(messages, header, pinfo, known, owner)
		local found = error_of(messages, header)
		local kind = messages.protocol == netlink.GENERIC and header.type or nil
		if found then
			kind = found.original and found.original.type
		end
		local role = role_of(header, found)
		local request = exchanges.find(messages.protocol, header, kind, owner)
		-- A notification may carry the numbers of the request that caused it.
		if known and known.operation and known.operation.async then
			role = "notification"
		end
		if not request then
			return false, role
		end
		if found then
			errors.explain(found, request)
		end
		if role ~= "notification" then
			exchanges.answer(request, role, pinfo.number, header.flags)
		end
		local names = found and (found.bad or found.missing) and { bad = found.bad, missing = found.missing }
		return request.shown, role, names
	end

	-- The operation of a message that a family's dissector saw.
	local function operation_of(message, is_request)
		local family = message and message.family
		if family then
			local operations = is_request and family.requests or family.replies
			return { family = family, operation = operations[message.command] }
		end
	end

	-- Reads a frame: one entry for each request, error and end, and for all answers to
	-- one request together. An entry is three values in a row: what is shown of the
	-- request, the role, and where in the frame the message is; `names` by that place.
	local function read(messages, pinfo, told, noted)
		local entries, seen, owner = {}, {}, owner_of(noted)
		local function put(shown, role, at)
			local count = #entries
			entries[count + 1], entries[count + 2], entries[count + 3] = shown, role, at
		end
		for _, header in ipairs(messages) do
			local is_request = netlink.is_request(header.flags, messages.packet_type)
			local known = operation_of(told.messages[header.place], is_request)
			if is_request and header.type >= netlink.MIN_TYPE then
				put(read_request(messages, header, pinfo, known, owner), "request", header.at)
			elseif header.type >= netlink.MIN_TYPE or header.type == netlink.ERROR or header.type == netlink.DONE then
				local shown, role, names = read_answer(messages, header, pinfo, known, owner)
				if netlink.has(header.flags, "DUMP_INTR") then
					entries.interrupted = true
				end
				if names then
					entries.names = entries.names or {}
					entries.names[header.at] = names
				end
				if header.type < netlink.MIN_TYPE then
					put(shown, role, header.at)
				elseif shown and not seen[shown] then
					seen[shown] = true
					put(shown, role, header.at)
				end
			end
		end
		return (#entries > 0 or entries.interrupted) and entries or false
	end

	-- The entries of a frame with all that is known of them.
	local function unpack_entries(entries, messages)
		local headers, all = {}, {}
		for _, header in ipairs(messages) do
			headers[header.at] = header
		end
		for i = 1, #entries, 3 do
			local shown, role, at = entries[i], entries[i + 1], entries[i + 2]
			local found = headers[at] and error_of(messages, headers[at])
			local names = found and entries.names and entries.names[at]
			if names then
				found.bad, found.missing = names.bad, names.missing
			end
			all[#all + 1] = { request = shown and exchanges.unpack(shown) or nil, role = role, at = at, error = found }
		end
		all.interrupted = entries.interrupted
		return all
	end

	--------------------------------------------------------------------------------
	-- Showing it

	local function label_of(request)
		return request and request.operation and request.operation.label
	end

	-- What the Info column says of an error, an acknowledgement or the end of a dump.
	local function tell(entry)
		local label = label_of(entry.request)
		local prefix = label and label .. " " or ""
		if entry.role == "ack" then
			return prefix .. "acknowledged"
		elseif entry.role == "done" then
			return prefix .. "done"
		elseif entry.role == "error" then
			local found = entry.error
			local text = prefix .. "error"
			if found.errno then
				text = text .. " " .. (found.name or bytes.decimal(found.errno))
			end
			return found.text and text .. ", " .. bytes.printable(found.text, 128) or text
		end
	end

	local function seconds_between(from, to)
		local delta = to - from
		local nanoseconds = math.floor(math.abs(delta) * 1e9 + 0.5)
		local whole = math.floor(nanoseconds / 1e9)
		local rest = nanoseconds - whole * 1e9
		if delta < 0 then
			whole, rest = -whole, -rest
		end
		return NSTime.new(whole, rest)
	end

	local function add(item, field, value)
		return item:add(field, value):set_generated()
	end

	local function add_request(item, request)
		for _, frame in ipairs(request.answers) do
			add(item, fields.answer_in, frame)
		end
		for _, role in ipairs({ "done", "error", "ack" }) do
			if request[role] then
				add(item, fields[role .. "_in"], request[role])
			end
		end
		if request.count > 0 or request.done then
			add(item, fields.answers, request.count)
		end
	end

	local function add_error(item, entry, source, at, big)
		local found, kinds = entry.error, errors.KINDS
		local function range(attr)
			return source(at + attr.at, attr.size)
		end
		local function number(field, attr)
			if big then
				return item:add(field, range(attr))
			end
			return item:add_le(field, range(attr))
		end
		if found.errno then
			local errno = number(fields.error, { at = 16, size = 4 })
			if found.errno ~= 0 then
				local text = found.name or bytes.decimal(found.errno)
				add(item, fields.errno, text)
				errno:add_proto_expert_info(experts.failed,
					found.text and text .. ": " .. bytes.printable(found.text, 256) or text)
			end
		end
		if found.original then
			local capped = number(fields.capped, { at = 6, size = 2 })
			if found.capped then
				capped:add_proto_expert_info(experts.capped)
			end
		end
		local attrs = found.attrs
		if attrs[kinds.MSG] and found.text and #found.text > 0 then
			item:add_packet_field(fields.text, source(at + attrs[kinds.MSG].at, #found.text), ENC_UTF_8)
		end
		for _, one in ipairs({
			{ found.offset, kinds.OFFS, fields.offset, found.bad, fields.bad },
			{ found.missing_type, kinds.MISS_TYPE, fields.miss_type, found.missing, fields.missing },
			{ found.missing_nest, kinds.MISS_NEST, fields.miss_nest },
		}) do
			if one[1] then
				number(one[3], attrs[one[2]])
				if one[4] then
					add(item, one[5], one[4])
				end
			end
		end
		if attrs[kinds.COOKIE] then
			item:add(fields.cookie, range(attrs[kinds.COOKIE]))
		end
		if found.policy and attrs[kinds.POLICY] then
			local policy = item:add(fields.policy, range(attrs[kinds.POLICY]))
			for _, part in ipairs(found.policy) do
				local where = source(at + part.at, part.size)
				if big then
					policy:add(fields["policy_" .. part.name], where)
				else
					policy:add_le(fields["policy_" .. part.name], where)
				end
			end
		end
		if found.malformed then
			item:add_proto_expert_info(experts.malformed)
		end
	end

	local function add_entry(root, entry, pinfo, source, cooked, big)
		local request = entry.request
		if not request and not entry.error then
			return
		end
		local label = tell(entry) or (label_of(request) and label_of(request) .. " " .. entry.role) or entry.role
		local at = cooked + (entry.at or 0)
		local item = root:add(source(at, 0), label)
		if request and request.family then
			add(item, fields.family, request.family.name)
			if request.operation then
				add(item, fields.operation, request.operation.label)
			end
		end
		if entry.role == "request" then
			add_request(item, request)
		elseif request then
			add(item, fields.request_in, request.frame)
			add(item, fields.time, seconds_between(request.time, pinfo.rel_ts))
		end
		if entry.error then
			add_error(item, entry, source, at, big)
		end
	end

	-- Whether somebody looks or a filter asks. Errors are expert items in every mode,
	-- and stand in the columns.
	local function is_wanted(tree, entries)
		if tree.visible or entries.interrupted then
			return true
		end
		for i = 2, #entries, 3 do
			if entries[i] ~= "request" and entries[i] ~= "answer" then
				return true
			end
		end
		for i = 1, #all_fields do
			if tree:referenced(all_fields[i]) then
				return true
			end
		end
		return false
	end

	local function show(entries, pinfo, root, source, cooked, big)
		for _, entry in ipairs(entries) do
			add_entry(root, entry, pinfo, source, cooked, big)
		end
		if entries.interrupted then
			root:add_proto_expert_info(experts.interrupted)
		end
	end

	-- Errors, acknowledgements and ends of dumps in the columns, behind what a family's
	-- dissector said of the same frame.
	local function set_columns(entries, messages, pinfo, told)
		local texts, family = { told.count > 0 and told.shown or nil }, nil
		local others = #messages - told.count
		for _, entry in ipairs(entries) do
			if entry.error then
				others = others - 1
				family = entry.request and entry.request.family or family
				if #texts < 4 then
					texts[#texts + 1] = tell(entry)
				end
			end
		end
		-- A frame with messages of other dissectors keeps what they say of it.
		if others > 0 or #texts == 0 or (#texts == 1 and told.count > 0) then
			return
		end
		pinfo.cols.info = table.concat(texts, "; ")
		if family then
			pinfo.cols.protocol = family.name
		end
	end

	-- Messages whose family Wireshark cannot name, by the ids in the preferences.
	local function dissect_by_preference(messages, source, cooked, pinfo, tree)
		if messages.protocol ~= netlink.GENERIC then
			return
		end
		local told = runtime.told(pinfo.number)
		for _, header in ipairs(messages) do
			if header.type > netlink.MIN_TYPE and not told.messages[header.place] then
				local family = runtime.preferred(header.type)
				local at = header.at + netlink.HEADER
				local size = math.min(header.length - netlink.HEADER, #messages.raw - at)
				if family and size > 0 then
					family.proto.dissector(source(cooked + at, size):tvb(), pinfo, tree)
				end
			end
		end
	end

	local function look(tvb, pinfo, tree)
		local source, cooked = netlink.frame()
		if not source then
			-- Without a tree there is nothing to show, but the order of the file to learn.
			if not frames[pinfo.number] and netlink.looks_like(tvb) then
				local messages = messages_of(tvb, 0)
				frames[pinfo.number] = read(messages, pinfo, runtime.told(pinfo.number))
			end
			return
		end
		local noted = notes.read()
		if noted then
			notes.add(noted, tree)
		end
		local messages = messages_of(source, cooked)
		dissect_by_preference(messages, source, cooked, pinfo, tree)
		local told = runtime.told(pinfo.number)
		local entries = frames[pinfo.number]
		if entries == nil then
			entries = read(messages, pinfo, told, noted)
			frames[pinfo.number] = entries
		end
		if not entries then
			return
		end
		-- Always there, so that a filter on the protocol alone finds the frame.
		local root = tree:add(proto)
		root:set_generated()
		if is_wanted(tree, entries) then
			entries = unpack_entries(entries, messages)
			set_columns(entries, messages, pinfo, told)
			show(entries, pinfo, root, source, cooked, messages.big)
		end
	end

	function proto.dissector(tvb, pinfo, tree)
		local ok, message = pcall(look, tvb, pinfo, tree)
		-- The next frame, or this one dissected again, begins with nothing told.
		runtime.forget()
		if not ok then
			tree:add_proto_expert_info(experts.fault, bytes.printable(tostring(message), 200))
		end
	end
	register_postdissector(proto)

	return {}
	end)(nl)

	package.loaded["nl_util.dissector"] = nl
end
assert(nl.api == 1, "dissectors of another version of nl-util are loaded: make all of them anew")

nl.runtime.register({
	name = "nl_util",
	abbr = "nl_util",
	title = "nl_util: Ethernet interfaces of the caller's network namespace",
	requests = {
		[1] = { label = "L2_LIST", set = "nl-util", counted = { 1 } },
		[2] = { label = "L2_IID", set = "nl-util", counted = { 1 } },
		[3] = { label = "REPLY_WITH_NLMSG_ERR", set = "nl-util" },
		[4] = { label = "L2_NEW_NTF", set = "nl-util", async = true },
		[5] = { label = "L2_CHANGE_NTF", set = "nl-util", async = true },
		[6] = { label = "L2_DEL_NTF", set = "nl-util", async = true },
	},
	sets = {
		["nl-util"] = {
			[1] = {
				name = "netdev", label = "NETDEV", abbr = "nl_util.netdev",
				kind = "nest", set = "netdev",
				noun = "interfaces",
				doc = "One interface. Requests carry NLA_F_NESTED on it, answers do not: a reader takes both.",
			},
			[2] = {
				name = "ext_mask", label = "EXT_MASK", abbr = "nl_util.ext_mask",
				kind = "u32", enum = "ext-mask", flags = true,
				doc = "What the answer is to hold beyond the basic attributes. EINVAL for a bit that the kernel does not know.",
			},
		},
		["netdev"] = {
			[1] = {
				name = "ifindex", label = "IFINDEX", abbr = "nl_util.netdev.ifindex",
				kind = "u32",
				doc = "Interface index, from 1 on.",
			},
			[2] = {
				name = "ifname", label = "IFNAME", abbr = "nl_util.netdev.ifname",
				kind = "string",
				doc = "Interface name, NUL-terminated, at most 16 bytes with the NUL.",
			},
			[3] = {
				name = "flags", label = "FLAGS", abbr = "nl_util.netdev.flags",
				kind = "u32", enum = "device-flags", flags = true,
				doc = "net_device.flags as it is, not what dev_get_flags() makes of it, which `ip` shows.",
			},
			[4] = {
				name = "ifmtu", label = "IFMTU", abbr = "nl_util.netdev.ifmtu",
				kind = "u32",
				doc = "MTU in bytes.",
			},
			[5] = {
				name = "state", label = "STATE", abbr = "nl_util.netdev.state",
				kind = "u32", enum = "oper-state",
				doc = "Operational state as rtnetlink sends it: down for an interface that is not running.",
			},
			[6] = {
				name = "qlen", label = "QLEN", abbr = "nl_util.netdev.qlen",
				kind = "u32",
				doc = "Length of the transmit queue in packets.",
			},
			[7] = {
				name = "stats", label = "STATS", abbr = "nl_util.netdev.stats",
				kind = "struct", struct = "rtnl-link-stats64",
				doc = "Counters.",
			},
			[8] = {
				name = "ifbrd", label = "IFBRD", abbr = "nl_util.netdev.ifbrd",
				kind = "mac",
				doc = "Broadcast address.",
			},
			[9] = {
				name = "ifmac", label = "IFMAC", abbr = "nl_util.netdev.ifmac",
				kind = "mac",
				doc = "Hardware address.",
			},
			[10] = {
				name = "link", label = "LINK", abbr = "nl_util.netdev.link",
				kind = "u32",
				doc = "Index of the interface that this one stands on, or of a veth's peer; with link-netnsid, in that namespace.",
			},
			[11] = {
				name = "master", label = "MASTER", abbr = "nl_util.netdev.master",
				kind = "u32",
				doc = "Index of the bridge, bond or team that this one is a port of.",
			},
			[12] = {
				name = "kind", label = "KIND", abbr = "nl_util.netdev.kind",
				kind = "string",
				doc = "What made it: dummy, veth, bridge, vlan. Absent for the device of a driver.",
			},
			[13] = {
				name = "ifalias", label = "IFALIAS", abbr = "nl_util.netdev.ifalias",
				kind = "string",
				doc = "A text that an administrator gave it.",
			},
			[14] = {
				name = "perm_mac", label = "PERM_MAC", abbr = "nl_util.netdev.perm_mac",
				kind = "mac",
				doc = "Hardware address that the device was made with.",
			},
			[15] = {
				name = "min_mtu", label = "MIN_MTU", abbr = "nl_util.netdev.min_mtu",
				kind = "u32",
				doc = "Least MTU in bytes. Absent where none is set.",
			},
			[16] = {
				name = "max_mtu", label = "MAX_MTU", abbr = "nl_util.netdev.max_mtu",
				kind = "u32",
				doc = "Greatest MTU in bytes. Absent where none is set.",
			},
			[17] = {
				name = "carrier", label = "CARRIER", abbr = "nl_util.netdev.carrier",
				kind = "u8",
				doc = "1 if the device has a carrier, else 0.",
			},
			[18] = {
				name = "ifi_flags", label = "IFI_FLAGS", abbr = "nl_util.netdev.ifi_flags",
				kind = "u32", enum = "device-flags", flags = true,
				doc = "What dev_get_flags() makes of net_device.flags, which `ip` shows.",
			},
			[19] = {
				name = "link_netnsid", label = "LINK_NETNSID", abbr = "nl_util.netdev.link_netnsid",
				kind = "s32",
				doc = "Number, in the caller's network namespace, of the namespace that link is in, if it is another one.",
			},
		},
	},
	structs = {
		["rtnl-link-stats64"] = {
			{ name = "rx_packets", label = "rx_packets", size = 8, kind = "u64",
				doc = "Good packets received.",
			},
			{ name = "tx_packets", label = "tx_packets", size = 8, kind = "u64",
				doc = "Packets sent.",
			},
			{ name = "rx_bytes", label = "rx_bytes", size = 8, kind = "u64",
				doc = "Bytes of the packets received.",
			},
			{ name = "tx_bytes", label = "tx_bytes", size = 8, kind = "u64",
				doc = "Bytes of the packets sent.",
			},
			{ name = "rx_errors", label = "rx_errors", size = 8, kind = "u64",
				doc = "Bad packets received.",
			},
			{ name = "tx_errors", label = "tx_errors", size = 8, kind = "u64",
				doc = "Failed transmissions.",
			},
			{ name = "rx_dropped", label = "rx_dropped", size = 8, kind = "u64",
				doc = "Packets received but not processed.",
			},
			{ name = "tx_dropped", label = "tx_dropped", size = 8, kind = "u64",
				doc = "Packets dropped on their way to transmission.",
			},
			{ name = "multicast", label = "multicast", size = 8, kind = "u64",
				doc = "Multicast packets received.",
			},
			{ name = "collisions", label = "collisions", size = 8, kind = "u64",
				doc = "Collisions during transmission.",
			},
			{ name = "rx_length_errors", label = "rx_length_errors", size = 8, kind = "u64",
				doc = "Packets dropped for an invalid length.",
			},
			{ name = "rx_over_errors", label = "rx_over_errors", size = 8, kind = "u64",
				doc = "Receiver FIFO overflows.",
			},
			{ name = "rx_crc_errors", label = "rx_crc_errors", size = 8, kind = "u64",
				doc = "Packets received with a CRC error.",
			},
			{ name = "rx_frame_errors", label = "rx_frame_errors", size = 8, kind = "u64",
				doc = "Receiver frame alignment errors.",
			},
			{ name = "rx_fifo_errors", label = "rx_fifo_errors", size = 8, kind = "u64",
				doc = "Receiver FIFO errors.",
			},
			{ name = "rx_missed_errors", label = "rx_missed_errors", size = 8, kind = "u64",
				doc = "Packets missed by the host.",
			},
			{ name = "tx_aborted_errors", label = "tx_aborted_errors", size = 8, kind = "u64",
				doc = "Transmissions aborted.",
			},
			{ name = "tx_carrier_errors", label = "tx_carrier_errors", size = 8, kind = "u64",
				doc = "Frames not sent for loss of carrier.",
			},
			{ name = "tx_fifo_errors", label = "tx_fifo_errors", size = 8, kind = "u64",
				doc = "Frames not sent for a FIFO underrun.",
			},
			{ name = "tx_heartbeat_errors", label = "tx_heartbeat_errors", size = 8, kind = "u64",
				doc = "Heartbeat or signal quality errors.",
			},
			{ name = "tx_window_errors", label = "tx_window_errors", size = 8, kind = "u64",
				doc = "Frames not sent for a late collision.",
			},
			{ name = "rx_compressed", label = "rx_compressed", size = 8, kind = "u64",
				doc = "Compressed packets received.",
			},
			{ name = "tx_compressed", label = "tx_compressed", size = 8, kind = "u64",
				doc = "Compressed packets sent.",
			},
			{ name = "rx_nohandler", label = "rx_nohandler", size = 8, kind = "u64",
				doc = "Packets received on an inactive interface.",
			},
			{ name = "rx_otherhost_dropped", label = "rx_otherhost_dropped", size = 8, kind = "u64",
				doc = "Packets dropped because they were for another host.",
			},
		},
	},
	enums = {
		["device-flags"] = {
			{ 0, "up", "UP", "Interface is administratively up." },
			{ 1, "broadcast", "BROADCAST", "Broadcast address is valid." },
			{ 2, "debug", "DEBUG", "Debugging is on." },
			{ 3, "loopback", "LOOPBACK", "Is a loopback interface." },
			{ 4, "pointopoint", "POINTOPOINT", "Is a point-to-point link." },
			{ 5, "notrailers", "NOTRAILERS", "Avoid use of trailers." },
			{ 6, "running", "RUNNING", "Resources are allocated and the operational state is up." },
			{ 7, "noarp", "NOARP", "No ARP protocol." },
			{ 8, "promisc", "PROMISC", "Receives all packets." },
			{ 9, "allmulti", "ALLMULTI", "Receives all multicast packets." },
			{ 10, "master", "MASTER", "Master of a load balancer." },
			{ 11, "slave", "SLAVE", "Slave of a load balancer." },
			{ 12, "multicast", "MULTICAST", "Supports multicast." },
			{ 13, "portsel", "PORTSEL", "Can select a media type." },
			{ 14, "automedia", "AUTOMEDIA", "Media type selection is automatic." },
			{ 15, "dynamic", "DYNAMIC", "Addresses are lost when the interface goes down." },
			{ 16, "lower_up", "LOWER_UP", "The driver signals layer 1 up." },
			{ 17, "dormant", "DORMANT", "The driver signals dormant." },
			{ 18, "echo", "ECHO", "Echoes sent packets." },
		},
		["ext-mask"] = {
			{ 0, "stats", "STATS", "The counters, stats." },
			{ 1, "details", "DETAILS", "link, link-netnsid, master, kind, ifalias, perm-mac, min-mtu, max-mtu, carrier and ifi-flags." },
		},
		["oper-state"] = {
			{ 0, "unknown", "UNKNOWN", "" },
			{ 1, "notpresent", "NOTPRESENT", "" },
			{ 2, "down", "DOWN", "" },
			{ 3, "lowerlayerdown", "LOWERLAYERDOWN", "" },
			{ 4, "testing", "TESTING", "" },
			{ 5, "dormant", "DORMANT", "" },
			{ 6, "up", "UP", "" },
		},
	},
})
