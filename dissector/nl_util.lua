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

	-- What the Info column of the frame at hand says. Wireshark empties the column for
	-- each message of a frame, so the texts of those before are kept.
	local told = { at = 0 }

	local function tell(pinfo, at, info)
		-- A frame that is dissected again begins again.
		if told.frame ~= pinfo.number or at <= told.at then
			told = { frame = pinfo.number, count = 0 }
		end
		told.at, told.count = at, told.count + 1
		if told.count <= MAX_TOLD then
			told.text = told.count == 1 and info or told.text .. "; " .. info
			pinfo.cols.info = told.text
		else
			pinfo.cols.info = string.format("%s; %d more", told.text, told.count - MAX_TOLD)
		end
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
		tell(pinfo, around and around.at or 0, info)

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
	},
	sets = {
		["nl-util"] = {
			[1] = {
				name = "netdev", label = "NETDEV", abbr = "nl_util.netdev",
				kind = "nest", set = "netdev",
				noun = "interfaces",
				doc = "One interface. Requests carry NLA_F_NESTED on it, answers do not: a reader takes both.",
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
