-- SPDX-License-Identifier: GPL-2.0-or-later
-- Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit.
--
-- Load it with `-X lua_script:FILE`, or from the folder of personal plugins.

set_plugin_info({ version = "0.1.0", description = "nl-util dissector of nl_util" })

local nl = package.loaded["nl_util.dissector"]
if not nl then
	nl = { api = 3 }

	nl.flag_tables = {
		names = {
			common = { { 0x1, "request" }, { 0x2, "multi" }, { 0x4, "ack" }, { 0x8, "echo" }, { 0x10, "dump-intr" }, { 0x20, "dump-filtered" }, },
			get = { { 0x300, "dump" }, { 0x100, "root" }, { 0x200, "match" }, { 0x400, "atomic" }, },
			new = { { 0x100, "replace" }, { 0x200, "excl" }, { 0x400, "create" }, { 0x800, "append" }, },
			delete = { { 0x100, "nonrec" }, { 0x200, "bulk" }, },
			error = { { 0x100, "capped" }, { 0x200, "ack-tlvs" }, },
			done = { { 0x200, "ack-tlvs" }, },
		},
		route = "ndg.",
		xfrm = "ndgndg...nn.ddng..ngng..g",
		crypto = "ndngdg",
		netfilter = {
			[1] = "ngdggggg",
			[2] = "ngdg",
			[5] = "nd",
			[6] = "..nd...ggnn.gggg",
			[7] = "nggd",
			[8] = "ngd.g",
			[9] = "ngd",
			[10] = "ngdngdngdngdngd.g.ngdgngdgdddddddg",
			[11] = "g",
			[12] = "g",
		},
		sock_destroy = 21,
	}

	nl.bytes = (function(...)
	-- Numbers and texts from a string of bytes. A message is read from one Lua string:
	-- Wireshark's own ranges cost five times as much, and are made only for what is
	-- added to the tree. Offsets count from 0, as they do on the wire.

	local bytes = {}

	local byte, find, sub = string.byte, string.find, string.sub

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

	local function escape(octet)
		return string.format("\\x%02x", byte(octet))
	end

	-- A text from the wire, fit for a line that a terminal may print: one line, no
	-- control bytes, at most `limit` bytes of it.
	function bytes.printable(text, limit)
		local long = limit and #text > limit
		if long then
			text = text:sub(1, limit)
		end
		-- Nearly all need no change, and looking is a fifth of replacing.
		if find(text, "[^\32-\126]") then
			text = text:gsub("[^\32-\126]", escape)
		end
		return long and text .. "..." or text
	end

	-- The text before the first NUL from `at` to `stop`, and whether there is one.
	function bytes.text(raw, at, stop)
		local nul = find(raw, "\0", at + 1, true)
		if nul and nul <= stop then
			return sub(raw, at + 1, nul - 1), true
		end
		return sub(raw, at + 1, stop), false
	end

	return bytes
	end)(nl)

	nl.netlink = (function(...)
	-- The frame at hand: its bytes, and the netlink messages in it. Wireshark hands a
	-- generic netlink dissector the bytes behind the netlink header alone, so the frame
	-- is read here once, before Wireshark's own dissector of netlink.

	local nl = ...
	local bytes = nl.bytes
	local byte = string.byte

	local netlink = {
		COOKED = 16, -- the header of LINKTYPE_NETLINK: packet type, ARPHRD, …, protocol
		HEADER = 16, -- struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence, u32 port
		GENL_HEADER = 4, -- struct genlmsghdr: u8 command, u8 version, u16 reserved

		CONNECTOR = 11, -- NETLINK_CONNECTOR
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

	-- NETLINK_KOBJECT_UEVENT: its datagrams are texts.
	local UEVENT = 15

	local COOKED, HEADER, MIN_TYPE = netlink.COOKED, netlink.HEADER, netlink.MIN_TYPE
	local TO_USER, TO_KERNEL = netlink.TO_USER, netlink.TO_KERNEL

	-- Bits of nlmsg_flags.
	local FLAGS = {
		REQUEST = 0x1, MULTI = 0x2, ACK = 0x4, DUMP_INTR = 0x10,
		ROOT = 0x100, MATCH = 0x200, -- both together ask for a dump
		CAPPED = 0x100, ACK_TLVS = 0x200, -- of NLMSG_ERROR and NLMSG_DONE
	}

	function netlink.has(flags, name)
		local bit = FLAGS[name]
		return flags % (2 * bit) >= bit
	end

	-- The frame at hand. `tvb` and `raw` have all bytes that were captured; `count`
	-- messages stand in the lists, each at its place: where its header begins, what the
	-- header says, and what a family's dissector made of it. The lists are the same for
	-- every frame: making them anew would cost as much as reading. `behind` are the bytes after the
	-- last message, which begin at `stop`.
	local frame = {
		number = 0, count = 0, left = 0, raw = "", big = false, protocol = 0, packet_type = 0, behind = 0, stop = 0,
		at = {}, length = {}, type = {}, flags = {}, sequence = {}, port = {},
		family = {}, operation = {}, info = {},
	}
	netlink.frame = frame

	-- Whether the numbers of a netlink message are big-endian. Nobody says it: the
	-- length makes sense in one order only, since no message has more than 2^24 bytes.
	function netlink.is_big_endian(header, left)
		local little = bytes.u32(header, 0, false)
		local big = bytes.u32(header, 0, true)
		local function fits(length)
			return length >= HEADER and length <= left
		end
		if fits(little) ~= fits(big) then
			return fits(big)
		end
		return big < little
	end

	local ats, lengths, types, flags_of = frame.at, frame.length, frame.type, frame.flags
	local sequences, ports = frame.sequence, frame.port
	local families, operations, infos = frame.family, frame.operation, frame.info

	-- Reads the netlink headers of a frame, as far as they were captured; `raw` are the
	-- bytes of `tvb`.
	function netlink.read(tvb, raw)
		local captured = #raw
		frame.tvb, frame.raw, frame.count, frame.next, frame.behind = tvb, raw, 0, 1, 0
		if captured < COOKED + HEADER then
			frame.big, frame.protocol, frame.packet_type = false, 0, 0
			return
		end
		local t1, t2 = byte(raw, 1, 2)
		-- The protocol, and the first header.
		local p1, p2, l1, l2, l3, l4, k1, k2, f1, f2, s1, s2, s3, s4, o1, o2, o3, o4 = byte(raw, 15, 32)
		frame.packet_type, frame.protocol = t1 * 256 + t2, p1 * 256 + p2
		if p2 == UEVENT and p1 == 0 then
			return
		end
		-- A length below 64 KiB that makes sense as it is, and none the other way round.
		local length = l1 + l2 * 256
		local little = l3 == 0 and l4 == 0 and l1 > 0 and length >= HEADER and length <= captured - COOKED
		local big = not little
			and netlink.is_big_endian(raw:sub(COOKED + 1, COOKED + HEADER), tvb:reported_len() - COOKED)
		frame.big = big
		local count, at = 0, COOKED
		repeat
			if big then
				length, types[count + 1], flags_of[count + 1] =
					bytes.u32(raw, at, true), bytes.u16(raw, at + 4, true), bytes.u16(raw, at + 6, true)
				sequences[count + 1], ports[count + 1] = bytes.u32(raw, at + 8, true), bytes.u32(raw, at + 12, true)
			else
				if count > 0 then
					l1, l2, l3, l4, k1, k2, f1, f2, s1, s2, s3, s4, o1, o2, o3, o4 = byte(raw, at + 1, at + HEADER)
				end
				length = l1 + l2 * 256 + l3 * 65536 + l4 * 16777216
				types[count + 1], flags_of[count + 1] = k1 + k2 * 256, f1 + f2 * 256
				sequences[count + 1] = s1 + s2 * 256 + s3 * 65536 + s4 * 16777216
				ports[count + 1] = o1 + o2 * 256 + o3 * 65536 + o4 * 16777216
			end
			if length < HEADER then
				break
			end
			count = count + 1
			ats[count], lengths[count] = at, length
			families[count], operations[count], infos[count] = false, false, false
			at = at + length + -length % 4
		until at + HEADER > captured
		frame.count = count
		if at < captured and count > 0 then
			local reported = tvb:reported_len()
			-- Where the capture was cut, it may be the beginning of a message.
			if at + HEADER <= captured or captured == reported then
				frame.behind, frame.stop = reported - at, at
			end
		end
	end

	-- What nearly all frames of protocols but generic netlink have: one whole message, in the order of a
	-- little-endian machine, that is neither netlink's own nor a request nor of a dump that
	-- was interrupted. Returns its protocol, sequence number, port, type and flags; nil for
	-- anything else. Making the frame's lists takes as long again.
	function netlink.plain(raw)
		local size = #raw
		if size < COOKED + HEADER then
			return nil
		end
		local p1, p2, l1, l2, l3, l4, k1, k2, f1, f2, s1, s2, s3, s4, o1, o2, o3, o4 = byte(raw, 15, 32)
		local length = l1 + l2 * 256 + l3 * 65536
		if l4 ~= 0 or length + -length % 4 ~= size - COOKED or (k1 < MIN_TYPE and k2 == 0) then
			return nil
		end
		local packet_type = byte(raw, 2)
		if f1 % 32 >= 16 or packet_type == TO_KERNEL or (f1 % 2 == 1 and packet_type ~= TO_USER) then
			return nil
		end
		return p1 * 256 + p2, s1 + s2 * 256 + s3 * 65536 + s4 * 16777216,
			o1 + o2 * 256 + o3 * 65536 + o4 * 16777216, k1 + k2 * 256, f1 + f2 * 256
	end

	-- Forgets the buffer, which is gone after its frame. The lists stay for the taps.
	function netlink.leave()
		frame.tvb, frame.left, frame.count = nil, frame.count, 0
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

	-- Whether a message of the frame goes to the kernel, by what the recorder wrote,
	-- else by its flag.
	function netlink.is_request(i)
		local packet_type = frame.packet_type
		if packet_type == TO_USER then
			return false
		end
		return packet_type == TO_KERNEL or flags_of[i] % 2 == 1 -- REQUEST
	end

	-- The message of the frame whose payload is `tvb`, counted from one.
	function netlink.index_of(tvb)
		if frame.count == 1 then
			return 1
		end
		local at = tvb:offset() - frame.tvb:offset() - HEADER
		-- Wireshark goes through them in order.
		for i = frame.next, frame.count do
			if frame.at[i] == at then
				frame.next = i + 1
				return i
			end
		end
	end

	return netlink
	end)(nl)

	nl.values = (function(...)
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
	end)(nl)

	nl.compounds = (function(...)
	-- Kinds of values that are made of others: structs, arrays and nests.

	local nl = ...
	local values = nl.values
	local kinds, keep = values.kinds, values.keep
	local add_bytes = kinds.binary.add
	local find, sub, append_text = string.find, string.sub, TreeItem.append_text

	--------------------------------------------------------------------------------
	-- Structs and arrays

	kinds.struct = {
		least = 1,
		make = function(family, value, abbr)
			keep(family, value, ProtoField.none(abbr, value.label, value.doc))
			value.members, value.whole = {}, 0
			for i, member in ipairs(family.structs[value.struct]) do
				local made = {}
				for key, held in pairs(member) do
					made[key] = held
				end
				values.make(family, made, abbr .. "." .. member.name)
				for _, field in ipairs(made.fields) do
					value.fields[#value.fields + 1] = field
				end
				-- A bit-field behind another is in the same number.
				if made.before and made.before > 0 then
					value.members[i - 1].advance, value.whole = 0, value.whole - made.size
				end
				value.members[i], value.whole = made, value.whole + made.size
			end
		end,
		-- A kernel may know more or fewer members than the specification.
		add = add_bytes,
		below = function(context, item, value, at, size)
			local stop = at + size
			for _, member in ipairs(value.members) do
				if at + member.size > stop then
					break
				end
				values.add(context, item, member, at, member.size)
				at = at + (member.advance or member.size)
			end
			if at < stop then
				local rest = item:add(context.family.own.rest, context.tvb(at, stop - at))
				-- Some zeros are what the compiler fills a struct up with.
				local is_filling = stop - at < 8 and not find(sub(context.raw, at + 1, stop), "[^\0]")
				if context.visible and size > value.whole and not is_filling then
					append_text(rest, string.format(" [%d byte%s more]", stop - at, stop - at == 1 and "" or "s"))
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
			return tree:add(context.tvb(at, size), value.label)
		end,
		below = function(context, item, value, at, size)
			local width = value.element.most
			for from = at, at + size - width, width do
				if not values.spend(context) then
					item:add_proto_expert_info(context.family.experts.too_many)
					break
				end
				values.add(context, item, value.element, from, width)
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

	return {}
	end)(nl)

	nl.fields = (function(...)
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
	end)(nl)

	nl.interest = (function(...)
	-- What is asked for: by a filter, a column, a tap. Wireshark answers that for one
	-- field at a time, and for a protocol with all its fields. tshark asks for the same in
	-- all frames of a pass, so there the answers are kept; in the window somebody may ask
	-- for something else at any frame.

	local interest = {}

	local keeps = not gui_enabled()

	-- Of the frame before this: its number, and whether somebody looked at it.
	local answers, last, looked = {}, 0, nil

	-- Begins with a frame; a pass begins anew where the numbers do. Returns whether somebody
	-- looks at the tree, and whether what was asked for in the frame before may be otherwise
	-- in this one.
	function interest.frame(number, tree)
		-- sharkd has no window and goes to any frame, with a tree and without.
		local visible = tree.visible
		if keeps and number > last and visible == looked then
			last = number
			return visible, false
		end
		answers, last, looked = {}, number, visible
		return visible, true
	end

	-- What is the same as long as the answers are; nil where they are not kept.
	function interest.pass()
		return keeps and answers or nil
	end

	-- Whether anything of a protocol is asked for. `handle` is its dissector.
	function interest.in_protocol(tree, handle)
		local known = answers[handle]
		if known == nil then
			known = tree:referenced(handle)
			if keeps then
				answers[handle] = known
			end
		end
		return known
	end

	-- Whether one of a list of fields is asked for; each list is always the same table.
	function interest.in_fields(tree, list)
		local known = answers[list]
		if known ~= nil then
			return known
		end
		local referenced = tree.referenced
		for i = 1, #list do
			if referenced(tree, list[i]) then
				known = true
				break
			end
		end
		known = known or false
		if keeps then
			answers[list] = known
		end
		return known
	end

	return interest
	end)(nl)

	nl.attributes = (function(...)
	-- Attributes, twice: `scan` only reads, in every mode, and finds what is damaged
	-- and what the Info column says; `build` makes the tree, where one is looked at or
	-- a filter asks for a field of it.

	local nl = ...
	local bytes, values, interest = nl.bytes, nl.values, nl.interest
	local byte, spend, fits = string.byte, values.spend, values.fits
	local add_item, add_item_le, append_text = TreeItem.add, TreeItem.add_le, TreeItem.append_text

	local attributes = {}

	-- Nests deeper than this are shown as bytes: no kernel family nests half as deep,
	-- and a hostile capture must not exhaust the stack.
	local MAX_DEPTH = 16

	local NLA_HEADER = 4

	-- The state of one message's dissection. `tvb` has all bytes that were captured
	-- and `raw` the same as a string; the message, without its netlink header, begins at
	-- `at` of them and really ends at `stop`.
	function attributes.context(family, tvb, raw, big, at, stop)
		return {
			family = family, tvb = tvb, raw = raw, big = big, net = false, at = at, stop = stop,
			count = 0, seen = {}, counts = {}, pieces = {},
		}
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
		local a, b, c, d = byte(context.raw, at + 1, at + 4)
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
		context.odd, context[what] = true, true
	end

	local scan

	-- What is in an array or below a key is checked as deep as it goes.
	local function scan_elements(context, value, at, stop, depth, keys)
		context.irregular = true
		if depth > MAX_DEPTH then
			return odd(context, "too_deep")
		end
		while at < stop do
			local payload, ends, _, _, next_at = header(context, at, stop)
			if not payload then
				return odd(context, ends)
			elseif not spend(context) then
				return odd(context, "too_many")
			end
			if ends > #context.raw then
				odd(context, "partial")
			end
			if context.heads then
				context.heads[#context.heads + 1] = { at = at }
			end
			if keys > 1 then
				scan_elements(context, value, payload, ends, depth + 1, keys - 1)
			elseif value.element.set then
				scan(context, value.element.set, payload, ends, depth + 1)
			elseif not fits(value.element, ends - payload) then
				odd(context, "wrong_length")
			elseif value.element.kind == "string" then
				-- A shape does not look for their ends.
				context.heads = nil
				if byte(context.raw, ends) ~= 0 then
					odd(context, "unterminated")
				end
			end
			at = next_at
		end
	end

	-- What a value is on one line.
	function attributes.tell(context, attr, payload, ends)
		local shown = values.tell(context, attr, payload, ends - payload)
		if not shown or attr.is_text then
			return shown
		end
		return shown == "" and attr.name or attr.name .. " " .. bytes.printable(shown, 64)
	end

	-- Reads the attributes in a range by their set. Returns what can stand for all of
	-- them in one line, the first text, else the first number: the attribute, where its
	-- payload begins and ends, and whether it is in network order.
	function scan(context, set, at, stop, depth)
		if depth > MAX_DEPTH then
			odd(context, "too_deep")
			return nil
		end
		local captured = #context.raw
		local text, text_at, text_ends, first, first_at, first_ends, first_net
		while at < stop do
			local payload, ends, kind, high, next_at = header(context, at, stop)
			if not payload then
				odd(context, ends)
				break
			elseif not spend(context) then
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
				local net = high % 128 >= 64
				context.seen[attr] = true
				local head
				if context.heads then
					head = { at = at, attr = attr, size = ends - payload, padded = next_at <= stop, depth = depth }
					context.heads[#context.heads + 1] = head
					context.irregular = context.irregular or net
				end
				local told, told_at, told_ends, told_net
				if attr.kind == "nest" then
					told, told_at, told_ends, told_net = scan(context, attr.set, payload, ends, depth + 1)
					if head then
						head.told, head.told_at, head.told_ends = told, told_at, told_ends
					end
				elseif attr.holds then
					scan_elements(context, attr, payload, ends, depth + 1, attr.keys and #attr.keys or 1)
				elseif whole and not fits(attr, ends - payload) then
					odd(context, "wrong_length")
				elseif whole then
					if attr.is_text and byte(context.raw, ends) ~= 0 then
						odd(context, "unterminated")
					end
					if values.tells(attr, ends - payload) then
						told, told_at, told_ends, told_net = attr, payload, ends, net
					end
				end
				if told then
					if not attr.is_text then
						if not first then
							first, first_at, first_ends, first_net = told, told_at, told_ends, told_net
						end
					elseif not text then
						text, text_at, text_ends = told, told_at, told_ends
					end
				end
				if depth == 0 then
					context.counts[attr] = (context.counts[attr] or 0) + 1
					if told and #context.pieces < 3 then
						context.pieces[#context.pieces + 1] = { attr = told, at = told_at, ends = told_ends, net = told_net }
					end
				end
			end
			at = next_at
		end
		if text then
			return text, text_at, text_ends
		end
		return first, first_at, first_ends, first_net
	end
	attributes.scan = scan

	--------------------------------------------------------------------------------
	-- The tree

	-- Which of the attributes in `seen` have a field that somebody asks for: true for
	-- all, nil for none. What nobody asks for is not built when no tree is looked at.
	function attributes.wanted(family, seen, tree)
		-- Undecoded bytes can be in any of them, and each has a header.
		if interest.in_fields(tree, family.own_fields) then
			return true
		end
		local wanted
		for attr in pairs(seen) do
			if interest.in_fields(tree, attr.fields) then
				wanted = wanted or {}
				wanted[attr] = true
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

	-- The attribute's header, first below its item; its two flags where one is set.
	-- `suffix` is its label in brackets.
	local function add_header(context, item, at, suffix)
		if context.wanted then
			return
		end
		local own, tvb, big = context.family.own, context.tvb, context.big
		local add = big and add_item or add_item_le
		local kind = tvb(at + 2, 2)
		add(item, own.len, tvb(at, 2))
		if byte(context.raw, big and at + 3 or at + 4) >= 64 then
			add(item, own.nested, kind)
			add(item, own.net, kind)
		end
		local made = add(item, own.type, kind)
		if context.visible then
			append_text(made, suffix)
		end
	end
	attributes.add_header = add_header

	-- The bytes from `at` that were captured, as what could not be dissected.
	local function add_rest(context, tree, at, stop)
		stop = math.min(stop, #context.raw)
		local range = at < stop and context.tvb(at, stop - at) or context.tvb(#context.raw - 1, 1)
		return tree:add(context.family.own.rest, range)
	end
	attributes.add_rest = add_rest

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
		add_header(context, item, at, attr.suffix)
		report(context, item, what, text)
	end

	local function wrong_length(attr, size)
		if size == 0 then
			return attr.label .. " is empty"
		end
		local text = string.format("%s has %d byte%s", attr.label, size, size == 1 and "" or "s")
		if attr.least == attr.most then
			return string.format("%s, not %d", text, attr.least)
		elseif attr.step == attr.most - attr.least then
			return string.format("%s, not %d or %d", text, attr.least, attr.most)
		end
		return text
	end

	local function add_value(context, tree, attr, at, payload, ends)
		local size = ends - payload
		if ends > #context.raw then
			return add_damaged(context, tree, attr, at, payload, ends, "partial")
		elseif not fits(attr, size) then
			return add_damaged(context, tree, attr, at, payload, ends, "wrong_length", wrong_length(attr, size))
		end
		local item = attr.add(context, tree, attr, payload, size)
		add_header(context, item, at, attr.suffix)
		if attr.below then
			attr.below(context, item, attr, payload, size)
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
			elseif not spend(context) then
				context.full = true
				return report(context, add_rest(context, tree, at, stop), "too_many")
			end
			local field = value.key_fields and value.key_fields[key]
			local label = field and string.format("%s %d", value.keys[key], kind) or string.format("[%d]", kind)
			local element = value.element
			if (field and key < #value.keys) or element.set then
				local item = tree:add(span(context, at, payload, ends), label)
				add_header(context, item, at, " (" .. label .. ")")
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
		add_header(context, item, at, attr.suffix)
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
			elseif not spend(context) then
				context.full = true
				report(context, add_rest(context, tree, at, stop), "too_many")
				break
			end
			local attr = set and set[kind]
			if not attr then
				local item = tree:add(context.family.own.unknown, span(context, at, payload, ends))
				add_header(context, item, at, " (unknown)")
				report(context, item, "unknown", string.format("The specification has no attribute %d here", kind))
			elseif attr.holds then
				local shown = add_holder(context, tree, attr, at, payload, ends, depth)
				number = number or shown
			elseif not wanted or wanted[attr] then
				context.net = high % 128 >= 64
				add_value(context, tree, attr, at, payload, ends)
				if context.visible and not text and (attr.is_text or not number)
					and ends <= #context.raw and fits(attr, ends - payload) then
					local shown = attributes.tell(context, attr, payload, ends)
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

	nl.shapes = (function(...)
	-- Shapes of messages. Most messages of a capture have the attributes of one before
	-- them, at the same places, and differ in values only. So the form of a message that
	-- was found sound is kept as a pattern for `string.find`, which is a fifth of the
	-- work of going through the attributes, and with it where they stand.

	local shapes = {}

	local byte, find = string.byte, string.find

	-- Longer messages are read one by one: their patterns would take more memory than
	-- they save time.
	local MAX_LENGTH = 4096

	-- Shapes kept for an operation, and how many may be made before they have proven
	-- useful: making one costs as much as using it twenty times saves.
	local MAX_KEPT, FREE, PAYS = 64, 32, 8

	-- Shapes of one length that are tried.
	local MAX_OF_LENGTH = 8

	-- The shapes of one operation in one direction, by the length of the message.
	function shapes.cache()
		return { by_length = {}, kept = 0, made = 0, hits = 0 }
	end

	-- Whether one more may be made of a message of this length.
	function shapes.may_learn(cache, length)
		return length <= MAX_LENGTH and cache.made < FREE + cache.hits / PAYS
	end

	local function literal(text)
		return (text:gsub("%p", "%%%0"))
	end

	-- A text may be shorter or longer as long as what is behind it stays in its place.
	local function text_head(raw, at)
		local low = byte(raw, at + 1)
		local least = low - (low - 1) % 4
		if least < 5 or least + 3 > 255 then
			return literal(raw:sub(at + 1, at + 4))
		end
		local class = literal(string.char(least, least + 1, least + 2, least + 3))
		return "[" .. class .. "]" .. literal(raw:sub(at + 2, at + 4))
	end

	-- Makes the shape of a message that was read without a complaint.
	function shapes.learn(cache, context)
		local raw, start, length = context.raw, context.at, context.stop - context.at
		local parts, texts, places, at = { "^" }, {}, {}, start
		for _, head in ipairs(context.heads) do
			parts[#parts + 1] = ("."):rep(head.at - at)
			local is_text = head.attr and head.attr.is_text
			if is_text and head.padded then
				parts[#parts + 1] = text_head(raw, head.at)
			else
				parts[#parts + 1] = literal(raw:sub(head.at + 1, head.at + 4))
			end
			if is_text then
				-- Of the length only the low byte differs.
				texts[#texts + 1], texts[#texts + 2] = head.at - start, byte(raw, head.at + 2) * 256
			end
			if head.attr then
				local list = places[head.attr] or {}
				places[head.attr] = list
				list[#list + 1], list[#list + 2] = head.at - start, head.size
			end
			at = head.at + 4
		end
		parts[#parts + 1] = ("."):rep(context.stop - at)
		if cache.kept >= MAX_KEPT then
			cache.by_length, cache.kept = {}, 0
		end
		cache.kept, cache.made = cache.kept + 1, cache.made + 1
		local shape = {
			pattern = table.concat(parts), texts = texts, places = places, irregular = context.irregular,
			seen = context.seen,
		}
		local others = cache.by_length[length] or {}
		cache.by_length[length] = others
		if #others == MAX_OF_LENGTH then
			others[#others] = nil
		end
		table.insert(others, 1, shape)
		return shape
	end

	-- The shape of the message at `at`, whose bytes were all captured; nil where none of
	-- those that are known fits.
	function shapes.of(cache, raw, at, length)
		local others = cache.by_length[length]
		local shape
		for i = 1, others and #others or 0 do
			if find(raw, others[i].pattern, at + 1) then
				shape = others[i]
				-- Those that are found often are looked at first.
				if i > 1 then
					others[i], others[i - 1] = others[i - 1], shape
				end
				break
			end
		end
		if not shape then
			return nil
		end
		local texts = shape.texts
		for i = 1, #texts, 2 do
			local from = at + texts[i]
			if byte(raw, from + texts[i + 1] + byte(raw, from + 1)) ~= 0 then
				return nil
			end
		end
		cache.hits = cache.hits + 1
		return shape
	end

	return shapes
	end)(nl)

	nl.known = (function(...)
	-- Messages of a shape that is known: sound, in little-endian order, with attributes at
	-- places that need not be looked for. What is made of them is what `attributes.build`
	-- makes, by a list of steps.

	local nl = ...
	local attributes, values = nl.attributes, nl.values
	local add_header, tell = attributes.add_header, attributes.tell
	local byte, concat = string.byte, table.concat
	local add, add_le, append_text = TreeItem.add, TreeItem.add_le, TreeItem.append_text

	local known = {}

	local NLA_HEADER = 4

	-- A value that is read again and again: where it is, from the message's first byte on,
	-- and how long. Of a text `rest` is what its length has beyond its low byte, without the
	-- attribute's header.
	local function value_of(attr, at, size)
		return { attr = attr, at = at, size = size, rest = attr.is_text and size - (size + NLA_HEADER) % 256 }
	end

	-- Completes a shape by what was learnt when its message was read: the steps of its tree.
	function known.learn(shape, context)
		local start, raw, steps = context.at, context.raw, {}
		for i, head in ipairs(context.heads) do
			if not head.attr then
				return
			end
			local step = value_of(head.attr, head.at - start + NLA_HEADER, head.size)
			step.depth, step.flagged = head.depth + 1, byte(raw, head.at + 4) >= 64
			step.nest = head.attr.kind == "nest"
			-- Most are numbers that are their field and nothing else.
			step.field = values.is_plain_number(head.attr) and head.attr.fields[1]
			step.suffix = head.attr.suffix
			if head.told then
				step.told = value_of(head.told, head.told_at - start, head.told_ends - head.told_at)
			end
			steps[i] = step
		end
		shape.steps = steps
	end

	-- Completes a shape by the values that the Info column shows.
	function known.tell_of(shape, context, label)
		shape.label, shape.pieces = label, {}
		for i, piece in ipairs(context.pieces) do
			shape.pieces[i] = value_of(piece.attr, piece.at - context.at, piece.ends - piece.at)
			shape.pieces[i].net = piece.net
		end
	end

	-- The value's text, of a message that begins at `start`.
	local function read(context, value, start)
		local at, size = start + value.at, value.size
		if value.rest then
			size = byte(context.raw, at - 3) + value.rest
		end
		context.net = value.net
		local text = tell(context, value.attr, at, at + size)
		context.net = false
		return text
	end

	-- What a message says in one line.
	function known.info(context, shape, start)
		local pieces, texts = shape.pieces, {}
		if #pieces == 1 then
			return shape.label .. read(context, pieces[1], start)
		end
		for i = 1, #pieces do
			texts[i] = read(context, pieces[i], start)
		end
		return shape.label .. concat(texts, ", ")
	end

	local items = {}

	-- Adds all attributes of a message that is looked at.
	function known.build(context, root, shape)
		local tvb, raw, start, own = context.tvb, context.raw, context.at, context.family.own
		local len, kind, steps = own.len, own.type, shape.steps
		items[1] = root
		for i = 1, #steps do
			local step = steps[i]
			local at, size, depth, field, attr = start + step.at, step.size, step.depth, step.field, nil
			local item
			if field then
				item = add_le(items[depth], field, tvb(at, size))
			elseif step.nest then
				attr = step.attr
				item = add(items[depth], attr.fields[1], size > 0 and tvb(at, size) or tvb(at - NLA_HEADER, NLA_HEADER))
				items[depth + 1] = item
			else
				attr = step.attr
				if step.rest then
					size = byte(raw, at - 3) + step.rest
				end
				item = attr.add(context, items[depth], attr, at, size)
			end
			if step.flagged then
				add_header(context, item, at - NLA_HEADER, step.suffix)
			else
				add_le(item, len, tvb(at - 4, 2))
				append_text(add_le(item, kind, tvb(at - 2, 2)), step.suffix)
			end
			if step.told then
				append_text(item, ": " .. read(context, step.told, start))
			elseif attr and attr.below then
				attr.below(context, item, attr, at, size)
			end
		end
	end

	-- The places of those attributes whose fields are asked for, in one list.
	function known.places(shape, wanted)
		local all = {}
		for attr in pairs(wanted) do
			local places = shape.places[attr]
			for i = 1, #places, 2 do
				local place = value_of(attr, places[i] + NLA_HEADER, places[i + 1])
				place.field = values.is_plain_number(attr) and attr.fields[1]
				all[#all + 1] = place
			end
		end
		return all
	end

	-- Adds them, where nobody looks at the tree.
	function known.add_places(context, root, places, start)
		local tvb = context.tvb
		for i = 1, #places do
			local place = places[i]
			local attr, at, size = place.attr, start + place.at, place.size
			if place.field then
				add_le(root, place.field, tvb(at, size))
			elseif attr.kind == "nest" then
				add(root, attr.fields[1], size > 0 and tvb(at, size) or tvb(at - NLA_HEADER, NLA_HEADER))
			else
				if place.rest then
					size = byte(context.raw, at - 3) + place.rest
				end
				local item = attr.add(context, root, attr, at, size)
				if attr.below then
					attr.below(context, item, attr, at, size)
				end
			end
		end
	end

	return known
	end)(nl)

	nl.runtime = (function(...)
	-- One generic netlink message by its family, and the registration of families.

	local nl = ...
	local bytes, netlink, fields = nl.bytes, nl.netlink, nl.fields
	local values, attributes, interest = nl.values, nl.attributes, nl.interest
	local shapes, known = nl.shapes, nl.known
	local add, add_le, set_text = TreeItem.add, TreeItem.add_le, TreeItem.set_text

	local runtime = { families = {} }

	local frame = netlink.frame
	local HEADER, GENL_HEADER = netlink.HEADER, netlink.GENL_HEADER
	local byte, shape_of, in_protocol = string.byte, shapes.of, interest.in_protocol

	--------------------------------------------------------------------------------
	-- What a message says in one line

	-- Behind the operation: how many there are of what may stand several times, or the
	-- leading values.
	local function count_of(operation, is_request, context)
		for _, number in ipairs(operation.counted or {}) do
			local attr = operation.set[number]
			local count = context.counts[attr] or 0
			if count > 1 or (count == 0 and not is_request and not context.odd) then
				return string.format("%d %s", count, attr.noun)
			end
		end
	end

	local function label_of(operation, is_request)
		if is_request then
			return operation.label .. " request"
		end
		return operation.label .. (operation.async and " notification" or " answer")
	end

	-- The leading values, from their places in the message.
	local function values_of(context, pieces)
		local texts = {}
		for i, piece in ipairs(pieces) do
			context.net = piece.net
			texts[i] = attributes.tell(context, piece.attr, piece.at, piece.ends)
		end
		context.net = false
		return texts[1] and table.concat(texts, ", ")
	end

	local function info_of(operation, is_request, context)
		local info = label_of(operation, is_request)
		local more = count_of(operation, is_request, context) or values_of(context, context.pieces)
		if more then
			info = info .. ", " .. more
		end
		if context.malformed then
			info = info .. ", malformed"
		elseif context.wrong_length then
			info = info .. ", wrong length"
		elseif context.partial then
			info = info .. ", cut by the capture"
		end
		return info
	end

	-- Reads a message; returns its operation and what it says.
	local function scan(context, is_request)
		local raw, at, stop, family = context.raw, context.at, context.stop, context.family
		if #raw - at < GENL_HEADER or stop - at < GENL_HEADER then
			context.odd = true
			context[stop - at < GENL_HEADER and "malformed" or "partial"] = true
			return family.common, "header" .. (context.malformed and ", malformed" or ", cut by the capture")
		end
		local command = byte(raw, at + 1)
		local operation = (is_request and family.requests or family.replies)[command] or family.common
		at = at + GENL_HEADER
		local fixed = operation.header and family.fixed[operation.header]
		if fixed then
			context.seen[fixed] = true
			context.irregular = true
			at = at + fixed.span
			if at > stop then
				context.odd, context.malformed = true, true
			end
		end
		attributes.scan(context, operation.set, at, stop, 0)
		if operation.unlisted then
			context.odd = true
			return operation, info_of({ label = string.format("command %d", command) }, is_request, context)
		end
		return operation, info_of(operation, is_request, context)
	end

	--------------------------------------------------------------------------------
	-- The tree

	local function add_headers(context, root, operation)
		local own = context.family.own
		local tvb, at = context.tvb, context.at
		if context.wanted then
			return
		end
		local item = add(root, own.cmd, tvb(at, 1))
		if context.visible and context.family.replies ~= context.family.requests and not operation.unlisted then
			item:append_text(" (" .. operation.label .. ")")
		end
		add(root, own.version, tvb(at + 1, 1))
		local add_reserved = context.big and add or add_le
		add_reserved(root, own.reserved, tvb(at + 2, 2))
	end

	-- The struct that some families have between the two headers and the attributes.
	local function add_fixed(context, root, fixed)
		local at = context.at + GENL_HEADER
		local left = math.min(context.stop, #context.raw) - at
		if fixed and left > 0 then
			values.add(context, root, fixed, at, math.min(left, fixed.size))
		end
	end

	local function add_root(context, tree)
		local at, stop, captured = context.at, context.stop, #context.raw
		return add(tree, context.family.proto, context.tvb(at, (stop < captured and stop or captured) - at))
	end

	local function build(context, tree, operation, info, shape)
		local family = context.family
		local root = add_root(context, tree)
		if context.visible then
			set_text(root, family.name .. ": " .. info)
		end
		if shape then
			add_headers(context, root, operation)
			return known.build(context, root, shape)
		end
		if math.min(context.stop, #context.raw) - context.at < GENL_HEADER then
			local rest = attributes.add_rest(context, root, context.at, context.stop)
			rest:add_proto_expert_info(family.experts[context.malformed and "malformed" or "partial"],
				"The generic netlink header is not whole")
			return
		end
		add_headers(context, root, operation)
		if operation.unlisted then
			root:add_proto_expert_info(family.experts.unknown,
				string.format("The specification has no command %d", byte(context.raw, context.at + 1)))
		end
		local at = context.at + GENL_HEADER
		local fixed = operation.header and family.fixed[operation.header]
		if fixed then
			add_fixed(context, root, fixed)
			at = at + fixed.span
			if at > context.stop then
				root:add_proto_expert_info(family.experts.malformed, "The family's header is cut short")
				return
			end
		end
		attributes.build(context, root, operation.set, at)
	end

	-- Whether something stands at places that a shape does not know.
	local function needs_all(wanted, shape)
		return wanted == true or shape.irregular
	end

	-- What is asked for of a message, kept with its shape for as long as that holds; and of
	-- a shape the places.
	local function wanted_of(family, message, tree)
		local pass = interest.pass()
		if not pass or message.pass ~= pass then
			local wanted = attributes.wanted(family, message.seen, tree)
			message.pass, message.wanted_in_pass = pass, wanted
			message.places_in_pass = message.places and not needs_all(wanted, message)
				and known.places(message, wanted or {})
		end
		return message.wanted_in_pass, message.places_in_pass
	end

	--------------------------------------------------------------------------------
	-- Dissecting

	-- The handle that says whether anything of a family is asked for.
	local function handle_of(family)
		family.handle = family.handle or Dissector.get(family.abbr)
		return family.handle
	end

	-- Keeps the shape of a message that was read in full.
	local function learn(context, operation, cache, is_request, info)
		local shape = shapes.learn(cache, context)
		if not shape.irregular then
			known.learn(shape, context)
		end
		if count_of(operation, is_request, context) or not context.pieces[1] then
			shape.info = info
		else
			known.tell_of(shape, context, label_of(operation, is_request) .. ", ")
		end
	end

	-- What is known of a message whose shape is; the same for each, which is made before the
	-- one before it is forgotten.
	local function scratch_of(family, tvb, raw, at, stop)
		local context = family.scratch
		context.tvb, context.raw, context.at, context.stop = tvb, raw, at, stop
		context.net, context.visible, context.wanted, context.count = false, false, nil, 0
		return context
	end

	-- Dissects one message: the bytes of `raw` from `at` to `stop`, which `tvb` has too.
	-- Returns its operation and what it says.
	function runtime.message(family, tvb, raw, big, at, stop, is_request, tree, visible)
		local operation = (is_request and family.requests or family.replies)[byte(raw, at + 1)]
		local cache, shape
		local may_have_shape = operation and not big and stop <= #raw
		if may_have_shape then
			cache = is_request and operation.asking or operation.answering
			shape = shape_of(cache, raw, at, stop - at)
		end
		local context, info
		if shape then
			info = shape.info
			-- What nearly all messages of a list are.
			if info and not visible and not in_protocol(tree, family.handle or handle_of(family)) then
				return operation, info
			end
			context = scratch_of(family, tvb, raw, at, stop)
			info = info or known.info(context, shape, at)
		else
			context = attributes.context(family, tvb, raw, big, at, stop)
			context.heads = may_have_shape and shapes.may_learn(cache, stop - at) and {} or nil
			operation, info = scan(context, is_request)
			if context.heads and not context.odd then
				learn(context, operation, cache, is_request, info)
			end
		end

		if not visible and not context.odd then
			if not in_protocol(tree, family.handle or handle_of(family)) then
				return operation, info
			end
			local wanted, places = wanted_of(family, shape or context, tree)
			context.wanted = wanted ~= true and (wanted or {}) or nil
			if not wanted or places then
				local root = add_root(context, tree)
				if places then
					known.add_places(context, root, places, at)
				end
				return operation, info
			end
		end
		context.visible = visible
		build(context, tree, operation, info, visible and shape and shape.steps and shape)
		return operation, info
	end

	local message, is_request = runtime.message, netlink.is_request
	local ats, lengths, families, types = frame.at, frame.length, frame.family, frame.type
	local operations, infos = frame.operation, frame.info

	-- Families by their numbers, as far as the file has messages of theirs.
	local by_number = {}

	-- The message of the frame at hand that is the `i`th.
	function runtime.of_frame(family, i, tree)
		local at = ats[i]
		families[i], by_number[types[i]] = family, family
		local operation, info = message(family, frame.tvb, frame.raw, frame.big, at + HEADER, at + lengths[i],
			is_request(i), tree, frame.visible)
		operations[i], infos[i] = not operation.unlisted and operation, info
	end

	-- The family whose id the preferences give, for a capture in which nothing names it.
	local by_id = {}
	function runtime.preferred(id)
		return by_id[id]
	end

	-- What a request asks for whose header and bytes an error repeats: its family and operation, as
	-- far as they are known.
	function runtime.asked(header, copy)
		local family = frame.protocol == netlink.GENERIC and (by_number[header.type] or by_id[header.type])
		local command = family and copy and byte(copy, HEADER + 1)
		return family or nil, command and family.requests[command]
	end

	-- Reads the preferences; they may change whenever a file is opened.
	function runtime.begin()
		by_id, by_number = {}, {}
		for _, family in pairs(runtime.families) do
			local id = family.proto.prefs.id
			if id > 0 then
				by_id[id] = family
			end
		end
	end

	-- A message outside of a netlink frame, if there is such a thing: an answer.
	local function dissect_alone(family, tvb, pinfo, tree)
		local _, info = runtime.message(family, tvb, tvb:raw(), false, 0, tvb:reported_len(), false, tree, tree.visible)
		pinfo.cols.protocol, pinfo.cols.info = family.name, info
	end

	local function dissect(family, tvb, pinfo, tree)
		local i = frame.count > 0 and netlink.index_of(tvb)
		if not i then
			return dissect_alone(family, tvb, pinfo, tree)
		end
		frame.family[i] = family
		if frame.visible then
			runtime.of_frame(family, i, tree)
		end
	end

	-- Registers a family by its tables; a second file of the same family is left alone.
	function runtime.register(family)
		if runtime.families[family.name] then
			return
		end
		runtime.families[family.name] = family
		fields.make(family)
		for _, operations in pairs({ family.requests, family.replies }) do
			for _, operation in pairs(operations) do
				operation.asking, operation.answering = shapes.cache(), shapes.cache()
			end
		end
		family.scratch = attributes.context(family, nil, "", false, 0, 0)
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
			-- Without a tree to look at it is done after Wireshark's own dissector, with all
			-- messages of the frame.
			if frame.count == 1 and not frame.visible then
				frame.family[1] = family
				return frame.length[1] - HEADER
			end
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

	-- enum ipset_errno of linux/netfilter/ipset/ip_set.h: from 4096 on, which no errno has.
	local IPSET = {
		"PRIVATE", "PROTOCOL", "FIND_TYPE", "MAX_SETS", "BUSY", "EXIST_SETNAME2", "TYPE_MISMATCH", "EXIST",
		"INVALID_CIDR", "INVALID_NETMASK", "INVALID_FAMILY", "TIMEOUT", "REFERENCED", "IPADDR_IPV4",
		"IPADDR_IPV6", "COUNTER", "COMMENT", "INVALID_MARKMASK", "SKBINFO", "BITMASK_NETMASK_EXCL",
	}

	-- Names by what stands on the wire, which is negative.
	errors.names = {}
	for name, number in pairs(NUMBERS) do
		errors.names[-number] = name
	end
	for i, name in ipairs(IPSET) do
		errors.names[-(4095 + i)] = "IPSET_ERR_" .. name
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
			local family = exchange.family
			local operation = exchange.operation or family and family.common
			local fixed = operation and operation.header and family.fixed[operation.header]
			local start = 16 + netlink.GENL_HEADER + (fixed and fixed.span or 0)
			local found, set = path(raw, exchange.big, start, #raw, target, operation and operation.set, 0)
			if found then
				return found, set
			end
		end
		return string.format("%d", bytes.u16(raw, target + 2, exchange.big) % 0x4000)
	end

	-- Names the attributes that an error is about, from the request that it answers:
	-- its bytes, where they were kept, and what it asked for.
	function errors.explain(found, kept, exchange)
		local raw = found.copy or kept
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

	nl.notes = (function(...)
	-- What the recorder wrote into the frame's comment:
	-- pid=812 tid=812 socket=3 owner=exact comm="ip"

	local nl = ...
	local bytes, interest = nl.bytes, nl.interest

	local notes = {}

	local recorder = Proto("nlcap", "Sender, as the recorder knows it")
	local fields = {
		pid = ProtoField.uint32("nlcap.pid", "Process", base.DEC, nil, nil, "Thread-group id of the process"),
		tid = ProtoField.uint32("nlcap.tid", "Thread", base.DEC, nil, nil, "Id of the thread"),
		socket = ProtoField.uint32("nlcap.socket", "Socket", base.DEC, nil, nil, "The recorder's number of the socket"),
		owner = ProtoField.string("nlcap.owner", "Known", base.UNICODE, "How the recorder knows it: exact, or else"),
		comm = ProtoField.string("nlcap.comm", "Command", base.UNICODE, "The process's name"),
		more = ProtoField.string("nlcap.more", "Also", base.UNICODE, "KEY=VALUE that this dissector does not know"),
	}
	recorder.fields = { fields.pid, fields.tid, fields.socket, fields.owner, fields.comm, fields.more }
	local NUMBERS = { pid = true, tid = true, socket = true }

	-- Only a protocol with a dissector has a handle, by which one learns whether anything
	-- of it is asked for.
	function recorder.dissector() end
	local handle

	-- Wireshark makes the field of a comment only where somebody asks for it, and an
	-- extractor of our own would cost each frame of each file a tree. So a tap asks, once
	-- somebody asks for a field of ours; from the next frame on it is there. On Linux
	-- tshark's command line says so before the first.
	local tap
	local function ask_for_comments()
		tap = tap or Listener.new("frame", "frame.comment")
	end

	local function command_line_asks()
		local file = io.open("/proc/self/cmdline", "rb")
		if not file then
			return false
		end
		local line = file:read(65536) or ""
		file:close()
		return line:find("nlcap.", 1, true) ~= nil or line:find("nlmsg.", 1, true) ~= nil
	end

	-- What was read of each frame. The window draws its rows without the taps, so that
	-- what the first pass has seen must be kept; and what was taken apart, by its text.
	local known, parsed = {}, {}

	function notes.begin()
		known, parsed = {}, {}
		if gui_enabled() or command_line_asks() then
			ask_for_comments()
		end
	end

	local function unescape(text)
		return (text:gsub("\\(x?)(%x?%x?)(.?)", function(hex, digits, other)
			if hex == "x" and #digits == 2 then
				return string.char(tonumber(digits, 16)) .. other
			end
			return hex .. digits .. other
		end))
	end

	-- Takes a comment apart; nil where it is no recorder's.
	local function parse(comment)
		if not comment:find("^pid=%d+ ") and not comment:find("^pid=%d+$") then
			return nil
		end
		if parsed[comment] then
			return parsed[comment]
		end
		local found = { comm = comment:match(' comm="(.*)"$'), more = {} }
		found.comm = found.comm and unescape(found.comm)
		local rest = comment:gsub(' comm=".*"$', "")
		for name, value in rest:gmatch("([%w_-]+)=(%S+)") do
			if NUMBERS[name] and value:find("^%d+$") and #value <= 9 then
				found[name] = tonumber(value)
			elseif name == "owner" then
				found.owner = value
			elseif #found.more < 16 then
				found.more[#found.more + 1] = name .. "=" .. value
			end
		end
		parsed[comment] = found
		return found
	end

	-- Whether nobody asks for what a recorder wrote, and nothing of it was ever seen.
	function notes.idle(tree, visible)
		handle = handle or Dissector.get("nlcap")
		return not visible and not tap and not interest.in_protocol(tree, handle)
	end

	-- What the frame's comments say of the senders: a list, for a multicast has several;
	-- nil where no recorder said anything; and whether nobody asks for it.
	function notes.read(number, tree, visible, asked)
		if not visible then
			handle = handle or Dissector.get("nlcap")
			if asked or interest.in_protocol(tree, handle) then
				ask_for_comments()
			elseif not tap or known[number] ~= nil then
				return known[number] or nil, true
			end
		end
		-- Before the dissector of netlink there are only a frame's own fields. Without a tree, as in
		-- tshark's first pass of two, there are none, and to ask for them is an error.
		local infos = { pcall(all_field_infos) }
		if not infos[1] then
			return nil
		end
		local all
		for i = 2, #infos do
			local info = infos[i]
			if info.name == "frame.comment" then
				local found = parse(tostring(info.value))
				if found then
					all = all or {}
					all[#all + 1] = found
				end
			end
		end
		-- Where somebody looks, all comments are there.
		known[number] = all or (not visible and known[number]) or false
		return known[number] or nil
	end

	-- Stands for the owner of a message that several received.
	notes.MULTICAST = "multicast"

	-- The recorder's name of the socket that sent or received a message.
	function notes.owner(all)
		local first = all and all[1]
		if first and first.owner == "group" then
			return notes.MULTICAST
		elseif first and first.pid and first.socket then
			return first.pid .. ":" .. first.socket
		end
	end

	function notes.add(all, tree)
		for _, found in ipairs(all) do
			local item = tree:add(recorder):set_generated()
			for _, name in ipairs({ "pid", "tid", "socket", "owner", "comm" }) do
				if found[name] then
					local text = type(found[name]) == "string" and bytes.printable(found[name], 256)
					item:add(fields[name], text or found[name]):set_generated()
				end
			end
			for _, text in ipairs(found.more) do
				item:add(fields.more, bytes.printable(text, 256)):set_generated()
			end
		end
	end

	return notes
	end)(nl)

	nl.flags = (function(...)
	-- What flags of a netlink header mean: the same bits mean one thing to a message that asks,
	-- another to one that makes something, a third to one that removes it. docs/show.md has the
	-- rule; the tables are those of nlcap.

	local nl = ...
	local netlink, tables = nl.netlink, nl.flag_tables
	local byte = string.byte
	local GENERIC, MIN_TYPE, ERROR, DONE = netlink.GENERIC, netlink.MIN_TYPE, netlink.ERROR, netlink.DONE

	local flags = {}

	local ROUTE, SOCK_DIAG, XFRM, NETFILTER, CRYPTO = 0, 4, 6, 12, 21

	local VERBS = { [byte("g")] = "get", [byte("n")] = "new", [byte("d")] = "delete" }

	local function verb_at(letters, number)
		return VERBS[byte(letters, number + 1)]
	end

	-- What a message of a protocol does by its number: "get", "new", "delete", or nil where that
	-- does not say it, as in generic netlink.
	function flags.verb(protocol, kind)
		if kind < MIN_TYPE then
			return nil
		elseif protocol == ROUTE then
			return verb_at(tables.route, kind % 4)
		elseif protocol == SOCK_DIAG then
			return kind < tables.sock_destroy and "get" or nil
		elseif protocol == XFRM then
			return verb_at(tables.xfrm, kind - MIN_TYPE)
		elseif protocol == CRYPTO then
			return verb_at(tables.crypto, kind - MIN_TYPE)
		elseif protocol == NETFILTER then
			local command = kind % 256
			return verb_at(tables.netfilter[(kind - command) / 256] or "", command)
		end
	end

	-- The first of the names of a get: both bits of a dump.
	local DUMP = { tables.names.get[1] }

	local function upper_names(protocol, kind, value, verb, is_dump)
		local all = tables.names
		if kind == ERROR then
			return all.error
		elseif kind == DONE then
			return all.done
		elseif verb == "get" and value % 2 == 1 then
			return all.get
		elseif verb and verb ~= "get" and (value % 0x400 < 0x300 or protocol ~= GENERIC) then
			return all[verb]
		end
		-- The bits of a dump that are both set are one, whatever else there is.
		return is_dump and DUMP or {}
	end

	-- The flags' names, lowest first, with bars between them: those of a message of a protocol that
	-- does `verb`. A bit whose meaning is not known is given as it is.
	function flags.names(protocol, kind, value, verb, is_dump)
		local names, left = {}, value
		local function take(known)
			for _, one in ipairs(known) do
				local bits = one[1]
				-- A dump is two bits, all others are one.
				local above = bits == 0x300 and 0x400 or 2 * bits
				if left % above >= bits then
					left = left - bits
					names[#names + 1] = one[2]
				end
			end
		end
		take(tables.names.common)
		take(upper_names(protocol, kind, value, verb, is_dump))
		local bit = 1
		while left > 0 do
			if left % (2 * bit) >= bit then
				left = left - bit
				names[#names + 1] = string.format("0x%x", bit)
			end
			bit = 2 * bit
		end
		return table.concat(names, "|")
	end

	return flags
	end)(nl)

	nl.answers = (function(...)
	-- What can answer what, by the types and flags of both: docs/show.md has the rule, and
	-- captures/src/messages/answers.rs the same for nlcap.

	local nl = ...
	local netlink, verb_of = nl.netlink, nl.flags.verb
	local has, ERROR, DONE, MIN_TYPE, GENERIC = netlink.has, netlink.ERROR, netlink.DONE, netlink.MIN_TYPE, netlink.GENERIC

	local answers = {}

	local ROUTE, SOCK_DIAG, XFRM, AUDIT, NETFILTER, RDMA, CRYPTO = 0, 4, 6, 9, 12, 20, 21

	-- Of rtnetlink one that sets, but is answered as its GET is.
	local RTM_SETDCB = 79

	local function set(...)
		local all = {}
		for _, one in ipairs({ ... }) do
			all[one] = true
		end
		return all
	end

	-- Of linux/xfrm.h: changes, and answers by their requests.
	local XFRM_CHANGES = set(0x10, 0x11, 0x13, 0x14, 0x19, 0x1a, 0x1c, 0x1d)
	local XFRM_ANSWERS = {
		[0x12] = 0x10, [0x15] = 0x13, [0x16] = 0x10, [0x1f] = 0x1e, [0x23] = 0x22, [0x25] = 0x24,
	}

	-- Subsystems of nfnetlink; what of conntrack changes, and answers of nf_tables by their
	-- requests, of which all others change something.
	local CTNETLINK, CTNETLINK_EXP, NFTABLES = 1, 2, 10
	local CONNTRACK_CHANGES = set(0, 2)
	local NFT_ANSWERS = {
		[1] = 0, [4] = 3, [7] = 6, [25] = 6, [10] = 9, [13] = 12, [33] = 12, [16] = 15, [19] = 18, [21] = 18, [23] = 22,
	}

	-- No dump, and its answer ends with a DONE all the same.
	local AUDIT_LIST_RULES = 1013

	local function asks(protocol, kind)
		return verb_of(protocol, kind) == "get"
	end

	local NOTHING, EXPECTED, POSSIBLE = 0, 1, 2

	-- What a request may be answered with besides an error.
	local function data_of(protocol, kind, flags)
		-- NLM_F_ECHO: its sender gets the notification in place of an answer.
		if flags % 16 >= 8 then
			return POSSIBLE
		elseif protocol == ROUTE and kind == RTM_SETDCB then
			return POSSIBLE
		elseif protocol == ROUTE or protocol == SOCK_DIAG then
			return asks(protocol, kind) and EXPECTED or NOTHING
		elseif protocol == XFRM then
			return XFRM_CHANGES[kind] and NOTHING or POSSIBLE
		elseif protocol == NETFILTER then
			local command = kind % 256
			local subsystem = (kind - command) / 256
			if subsystem == CTNETLINK or subsystem == CTNETLINK_EXP then
				return CONNTRACK_CHANGES[command] and NOTHING or EXPECTED
			elseif subsystem == NFTABLES then
				return NFT_ANSWERS[command] and EXPECTED or NOTHING
			elseif subsystem == 0 then
				return NOTHING
			end
		end
		return POSSIBLE
	end

	-- Whether an answer may have that type.
	local function has_data_of(protocol, kind, flags, answer)
		if protocol == GENERIC then
			return answer == kind
		elseif protocol == ROUTE then
			if flags % 16 >= 8 then
				return answer - answer % 4 == kind - kind % 4
			end
			return answer == kind or answer == kind - kind % 4
		elseif protocol == XFRM then
			return XFRM_ANSWERS[kind] == nil or XFRM_ANSWERS[kind] == answer
		elseif protocol == NETFILTER then
			local command = kind % 256
			if answer - answer % 256 ~= kind - command then
				return false
			end
			if (kind - command) / 256 == NFTABLES and flags % 16 < 8 then
				return NFT_ANSWERS[command] == answer % 256
			end
			return true
		elseif protocol == SOCK_DIAG or protocol == AUDIT or protocol == CRYPTO or protocol == RDMA then
			return answer == kind
		end
		return true
	end

	-- Whether the kernel answers a request with all there are: to most protocols either bit of
	-- NLM_F_DUMP will do.
	function answers.is_dump(protocol, kind, flags)
		local root, match = has(flags, "ROOT"), has(flags, "MATCH")
		if not root and not match or flags % 2 == 0 or kind < MIN_TYPE then
			return false
		elseif protocol == ROUTE or protocol == NETFILTER or protocol == SOCK_DIAG then
			return asks(protocol, kind)
		elseif protocol == XFRM then
			return kind == 0x12 or kind == 0x15
		elseif protocol == CRYPTO then
			return kind == 0x13
		end
		return protocol == RDMA or root and match
	end

	-- Whether the kernel has to answer a request, in whatever way, also where all goes well.
	function answers.is_owed(protocol, kind, flags)
		return has(flags, "ACK") or answers.is_dump(protocol, kind, flags) or data_of(protocol, kind, flags) == EXPECTED
	end

	-- Whether a message of the kernel can answer a request that has its number. `original` is
	-- the header that an error repeats, and `multipart` says that parts of a longer answer
	-- have come.
	function answers.can_be(protocol, kind, flags, sent_port, answer, original, multipart)
		if answer == ERROR then
			return not original
				or original.type == kind and original.flags == flags and original.port == sent_port
		elseif answer == DONE then
			return answers.is_dump(protocol, kind, flags) or multipart or protocol == AUDIT and kind == AUDIT_LIST_RULES
		end
		return answer >= MIN_TYPE and data_of(protocol, kind, flags) ~= NOTHING
			and has_data_of(protocol, kind, flags, answer)
	end

	-- Whether a request's sender gets the notification of the change that it asks for, the
	-- same bytes as others before.
	function answers.is_echoed_change(protocol, kind, flags)
		return flags % 16 >= 8 and data_of(protocol, kind, flags - 8) == NOTHING
	end

	-- Whether requests of a protocol may be answered by several messages without
	-- NLM_F_MULTI, as those for elements of nf_tables' sets.
	function answers.has_several_unsaid(protocol)
		return protocol ~= ROUTE and protocol ~= XFRM and protocol ~= SOCK_DIAG
	end

	-- Whether the kernel answers in messages with port id 0.
	function answers.from_zero(protocol)
		return protocol == AUDIT
	end

	return answers
	end)(nl)

	nl.exchanges = (function(...)
	-- Which answers belong to which request. An answer carries the request's sequence
	-- number and the port id of the socket that asked; the request itself often carries
	-- port 0, so its port is learnt from its first answer.

	local nl = ...
	local answers = nl.answers
	local has, frame = nl.netlink.has, nl.netlink.frame
	local MIN_TYPE, ERROR = nl.netlink.MIN_TYPE, nl.netlink.ERROR

	local exchanges = {}

	-- Requests of one sequence number that wait for an answer; those before them are
	-- given up. Programs that use one number for ever are the reason.
	local MAX_OPEN = 1024

	-- Of requests whose sockets are not known, one that is older by so many seconds than
	-- another is not asked for any more: the kernel answers while it is asked.
	local STALE = 1

	-- Messages of an answer that does not say that it has several come at once.
	local AT_ONCE = 0.01

	-- Requests that are not answered are kept in two generations of so many each; the elder
	-- goes when the younger is full.
	local GENERATION = 32768

	-- A request's bytes, for the names in an error, are kept up to this length of its
	-- frame.
	local MAX_BYTES = 8192

	-- Frames of answers that a request lists.
	local MAX_LISTED = 16

	-- What is shown of an exchange stays for the whole file, in a list: a table with
	-- names takes six times the memory, and Lua's collector goes through all of it.
	local FRAME, TIME, FAMILY, OPERATION, COUNT, DONE, ERROR_IN, ACK, FIRST, MORE, TYPE, AMBIGUOUS, ECHOED =
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
	local ENDS = { done = DONE, error = ERROR_IN, ack = ACK }

	-- The parts of what is shown, by name.
	function exchanges.unpack(shown)
		local answers = {}
		if shown[FIRST] then
			answers[1] = shown[FIRST]
			for _, number in ipairs(shown[MORE] or {}) do
				answers[#answers + 1] = number
			end
		end
		return {
			frame = shown[FRAME], time = shown[TIME], family = shown[FAMILY] or nil,
			operation = shown[OPERATION] or nil, count = shown[COUNT], answers = answers,
			type = shown[TYPE], done = shown[DONE] or nil, error = shown[ERROR_IN] or nil, ack = shown[ACK] or nil,
			ambiguous = shown[AMBIGUOUS], echoed = shown[ECHOED],
		}
	end

	-- Requests by protocol and sequence number, in one number: a request, or a list of
	-- several, oldest first. How many the younger generation has.
	local young, old, born

	function exchanges.reset()
		young, old, born = {}, {}, 0
	end
	exchanges.reset()

	-- What is known of a request as long as it may be answered, in a list too; the first
	-- is what is shown of it. `BIG`, `RAW`, `AT` and `LENGTH` are its bytes: those of its
	-- frame, the byte order, and where in them it is. `PORT` is the port id of its socket, 0
	-- where that is not known, and `SENT_PORT` what it says itself. `STATE` is false until it
	-- is answered in full.
	local SHOWN, KIND, FLAGS, PORT, OWNER, PROTOCOL, BIG, RAW, AT, LENGTH, STATE, LAST, SENT_PORT, IS_CLAIMED, MULTIPART, LAST_PART,
		IS_DUMP = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17

	local ANSWERED = "answered"

	-- Whether a request is not so much older than another that it is no longer asked for.
	local function is_as_late(request, other)
		return request[SHOWN][TIME] + STALE >= other[SHOWN][TIME]
	end

	local function key_of(protocol, sequence)
		return protocol * 2 ^ 32 + sequence
	end

	-- A request in frame `number`, the message `i` of the frame at hand. Returns what is
	-- shown of it.
	function exchanges.begin(i, number, time, owner)
		local shown = {
			number, time, frame.family[i], frame.operation[i], 0, false, false, false, false, false,
			frame.type[i], false,
			-- Its answer may be the copy of another receiver.
			not owner and answers.is_echoed_change(frame.protocol, frame.type[i], frame.flags[i]),
		}
		local at, length, raw, port = frame.at[i], frame.length[i], frame.raw, frame.port[i]
		local request = {
			shown, frame.type[i], frame.flags[i], port, owner or false, frame.protocol, frame.big,
			#raw <= MAX_BYTES and at + length <= #raw and raw, at, length, false, false, port, true, false, time,
			answers.is_dump(frame.protocol, frame.type[i], frame.flags[i]),
		}
		if born >= GENERATION then
			young, old, born = {}, young, 0
		end
		born = born + 1
		local key = key_of(frame.protocol, frame.sequence[i])
		local others, kept = young[key] or old[key], { several = true }
		old[key] = nil
		for _, other in ipairs(others and (others.several and others or { others }) or {}) do
			-- What its socket asked before by the same number and was answered is done with.
			if not (owner and other[OWNER] == owner and other[STATE]) then
				kept[#kept + 1] = other
			end
		end
		kept[#kept + 1] = request
		if #kept > MAX_OPEN then
			table.remove(kept, 1)
		end
		young[key] = #kept > 1 and kept or request
		return shown
	end

	-- What an error's names come from: the bytes of a request, as long as they are kept,
	-- and what it asked for.
	function exchanges.asked(request)
		local raw, shown = request[RAW], request[SHOWN]
		return raw and raw:sub(request[AT] + 1, request[AT] + request[LENGTH]), {
			protocol = request[PROTOCOL], big = request[BIG], family = shown[FAMILY] or nil,
			operation = shown[OPERATION] or nil,
		}
	end

	-- How near a request is to an answer, nearest first.
	local OWN, UNKNOWN, OWN_ANSWERED, CLAIMED = 1, 2, 3, 4

	-- Whether a message may be one more of an answer that does not say that it has several.
	local function may_go_on(request, kind, flags, time)
		return kind >= MIN_TYPE and not has(flags, "MULTI") and time <= request[LAST_PART] + AT_ONCE
			and (answers.has_several_unsaid(request[PROTOCOL])
				or answers.is_echoed_change(request[PROTOCOL], request[KIND], request[FLAGS]))
	end

	local function nearness(request, port, kind, flags, time, owner, original)
		local shown = request[SHOWN]
		if shown[TIME] > time then
			return nil
		end
		local is_own, is_unknown = false, false
		if request[OWNER] and owner then
			if request[OWNER] ~= owner then
				return nil
			end
			is_own = true
		else
			is_unknown = request[PORT] == 0 or port == 0
			is_own = not is_unknown and request[PORT] == port
		end
		local near
		if request[STATE] then
			near = is_own and may_go_on(request, kind, flags, time) and OWN_ANSWERED
		elseif is_own then
			near = OWN
		elseif is_unknown then
			near = UNKNOWN
		elseif request[IS_CLAIMED] and shown[COUNT] == 0 then
			near = CLAIMED
		end
		if near and answers.can_be(request[PROTOCOL], request[KIND], request[FLAGS], request[SENT_PORT], kind, original,
			request[MULTIPART]) then
			return near
		end
	end

	local function is_likely(request, copy)
		local raw = request[RAW]
		return copy and raw and raw:sub(request[AT] + 1, request[AT] + request[LENGTH]) == copy
	end

	local function is_owed(request)
		return answers.is_owed(request[PROTOCOL], request[KIND], request[FLAGS])
	end

	-- Of several requests that are as near to an answer the one that is meant, and whether
	-- another may be.
	local function choose(near, nearest, flags, copy)
		if nearest == CLAIMED or #near == 1 then
			return near[1], nearest == CLAIMED
		end
		local is_part, best, kept, likely = has(flags, "MULTI"), -1, {}, false
		for _, request in ipairs(near) do
			local found = is_likely(request, copy)
			local worth = (found and 2 or 0) + (request[IS_DUMP] == is_part and 1 or 0)
			if worth > best then
				best, kept, likely = worth, {}, found
			end
			if worth == best then
				kept[#kept + 1] = request
			end
		end
		local newest = kept[#kept]
		local fresh, owed, first = {}, nil, nil
		for _, request in ipairs(kept) do
			if nearest ~= UNKNOWN or is_as_late(request, newest) then
				fresh[#fresh + 1] = request
				owed = owed or nearest == UNKNOWN and is_owed(request) and request
				first = first or request[SHOWN][FRAME] == newest[SHOWN][FRAME] and request
			end
		end
		local chosen, of_frame = owed or first, 0
		for _, request in ipairs(fresh) do
			if request[SHOWN][FRAME] == chosen[SHOWN][FRAME] then
				of_frame = of_frame + 1
			end
		end
		local may_be_later = of_frame > 1 and not likely and not is_owed(chosen)
		return chosen, may_be_later or nearest == UNKNOWN and of_frame < #fresh
	end

	-- Whether the port id that a request names may be another socket's, which named none;
	-- or the other way round.
	local function may_be_other(nearest, all, chosen, owner)
		local doubtful = nearest == UNKNOWN and CLAIMED
		if nearest == OWN and chosen[IS_CLAIMED] and chosen[SHOWN][COUNT] == 0 and not (owner and chosen[OWNER]) then
			doubtful = UNKNOWN
		end
		for request, near in pairs(doubtful and all or {}) do
			if near == doubtful and is_as_late(request, chosen) then
				return true
			end
		end
		return false
	end

	-- The request that a message from the kernel answers; nil for none. `original` and `copy`
	-- are the header and the bytes that an error repeats.
	function exchanges.find(protocol, sequence, port, kind, flags, time, owner, original, copy)
		if port == 0 and not answers.from_zero(protocol) then
			return nil
		end
		local key = key_of(protocol, sequence)
		local others = young[key] or old[key]
		if not others then
			return nil
		end
		local request, is_ambiguous
		if not others.several then
			local near = nearness(others, port, kind, flags, time, owner, original)
			if not near then
				return nil
			end
			request, is_ambiguous = others, near == CLAIMED
		else
			local near, nearest, all = {}, CLAIMED + 1, {}
			for i = 1, #others do
				local found = nearness(others[i], port, kind, flags, time, owner, original)
				all[others[i]] = found
				if found and found < nearest then
					near, nearest = {}, found
				end
				if found == nearest then
					near[#near + 1] = others[i]
				end
			end
			if #near == 0 then
				return nil
			end
			request, is_ambiguous = choose(near, nearest, flags, copy)
			is_ambiguous = is_ambiguous or may_be_other(nearest, all, request, owner)
			-- Either may be the other: what comes for that is in doubt too.
			for other in pairs(is_ambiguous and all or {}) do
				if is_as_late(other, request) then
					other[SHOWN][AMBIGUOUS] = true
				end
			end
		end
		if is_ambiguous then
			request[SHOWN][AMBIGUOUS] = true
		end
		if port ~= 0 and request[PORT] ~= port then
			request[PORT], request[IS_CLAIMED] = port, false
		end
		request[LAST_PART] = time
		return request
	end

	-- Takes a request off the table where it has ended, and with it those of which nothing
	-- more can come: that its socket asked before by the same number and that were answered,
	-- or of an earlier frame. A dump goes on beside other requests, but not beside another.
	local function leave(request, sequence, has_ended, ends_dumps)
		local key = key_of(request[PROTOCOL], sequence)
		local generation = young[key] and young or old
		local others = generation[key]
		if others == request or not others then
			if has_ended and others then
				generation[key] = nil
				born = born - (generation == young and 1 or 0)
			end
			return
		end
		local kept, is_before = { several = true }, true
		for i = 1, #others do
			local other = others[i]
			is_before = is_before and other ~= request
			local goes = other == request and has_ended
			if is_before then
				local is_same = other[PORT] ~= 0 and other[PORT] == request[PORT]
				if request[OWNER] and other[OWNER] then
					is_same = other[OWNER] == request[OWNER]
				end
				local is_earlier = other[STATE] or other[SHOWN][FRAME] < request[SHOWN][FRAME]
				goes = is_same and is_earlier and (other[STATE] or ends_dumps or not other[IS_DUMP])
			end
			if not goes then
				kept[#kept + 1] = other
			end
		end
		if #kept < #others and generation == young then
			born = math.max(0, born - (#others - #kept))
		end
		generation[key] = #kept > 0 and kept or nil
	end

	-- Writes down that a request was answered by a message of a frame. `role` is
	-- "answer", "done", "error" or "ack".
	function exchanges.answer(request, role, number, sequence, kind, flags)
		local shown = request[SHOWN]
		if role ~= "answer" then
			shown[ENDS[role]] = shown[ENDS[role]] or number
			local dumps = request[IS_DUMP]
			-- What is no dump is acknowledged after its end.
			local has_ended = kind == ERROR or dumps or not has(request[FLAGS], "ACK")
			request[RAW] = not has_ended and request[RAW]
			return leave(request, sequence, has_ended, kind ~= ERROR and dumps)
		end
		shown[COUNT] = shown[COUNT] + 1
		if not shown[FIRST] then
			shown[FIRST] = number
		elseif request[LAST] ~= number then
			local more = shown[MORE] or {}
			shown[MORE] = more
			if #more < MAX_LISTED - 1 then
				more[#more + 1] = number
			end
		end
		request[LAST] = number
		local dumps = request[IS_DUMP]
		if has(flags, "MULTI") then
			request[MULTIPART] = true
		elseif not dumps and not has(request[FLAGS], "ACK") then
			request[STATE], request[RAW] = ANSWERED, false
		end
		leave(request, sequence, false, dumps)
	end

	return exchanges
	end)(nl)

	nl.conversation = (function(...)
	-- Which exchange each message of each frame belongs to. Errors, acknowledgements and
	-- the ends of dumps come to no family's dissector, so they are found here, in the
	-- frame.

	local nl = ...
	local netlink, errors, exchanges, runtime = nl.netlink, nl.errors, nl.exchanges, nl.runtime
	local frame, is_request, find = netlink.frame, netlink.is_request, exchanges.find
	local types, flags, sequences, ports = frame.type, frame.flags, frame.sequence, frame.port
	local MIN_TYPE, ERROR, DONE, CONNECTOR = netlink.MIN_TYPE, netlink.ERROR, netlink.DONE, netlink.CONNECTOR

	local MULTICAST = nl.notes.MULTICAST

	local conversation = {}

	-- What was read of each frame, once, in the order of the file: what is shown of the
	-- exchange of its only message, or a list of that for several; nil for none. The names
	-- that errors are about, by frame. And the last frame that was read.
	local exchange_of, names_of, read_to = {}, {}, 0

	function conversation.begin()
		exchange_of, names_of, read_to = {}, {}, 0
		exchanges.reset()
	end

	-- Whether a message is an error or the end of a dump. The connector's own are of type DONE.
	local function is_end(i)
		local kind = types[i]
		return (kind == ERROR or kind == DONE) and frame.protocol ~= CONNECTOR
	end

	-- An error or the end of a dump, taken apart; nil for other messages.
	local function error_of(i)
		if not is_end(i) then
			return nil
		end
		local kind = types[i]
		local at = frame.at[i]
		local raw = frame.raw:sub(at + 1, at + frame.length[i])
		return errors.parse(raw, { length = frame.length[i], type = kind, flags = frame.flags[i] }, frame.big)
	end

	-- What a message is to the exchange that it belongs to.
	local function role_of(i, found)
		if found then
			if types[i] == ERROR then
				return found.errno == 0 and "ack" or "error"
			end
			return found.errno and found.errno < 0 and "error" or "done"
		elseif netlink.is_request(i) then
			return "request"
		elseif frame.operation[i] and frame.operation[i].async then
			-- It may carry the numbers of the request that caused it.
			return "notification"
		end
		return "answer"
	end

	-- Finds the request of a message from the kernel that is neither an error nor an end;
	-- what is shown of it.
	local function read_plain_answer(i, number, time, owner)
		-- What a process multicasts, and what the kernel says by itself.
		if flags[i] % 2 == 1 or owner == MULTICAST or role_of(i) == "notification" then
			return nil
		end
		local request = find(frame.protocol, sequences[i], ports[i], types[i], flags[i], time, owner)
		if request then
			exchanges.answer(request, "answer", number, sequences[i], types[i], flags[i])
			return request[1]
		end
	end

	-- The same for an error or an end; and the names that it is about.
	local function read_end(i, number, time, owner)
		local found = error_of(i)
		local request = owner ~= MULTICAST
			and find(frame.protocol, sequences[i], ports[i], types[i], flags[i], time, owner, found.original, found.copy)
		if not request then
			return nil
		end
		errors.explain(found, exchanges.asked(request))
		exchanges.answer(request, role_of(i, found), number, sequences[i], types[i], flags[i])
		return request[1], (found.bad or found.missing) and { bad = found.bad, missing = found.missing }
	end

	local function read_message(i, number, pinfo, owner)
		local kind = types[i]
		if kind < MIN_TYPE and not is_end(i) then
			return nil
		elseif kind >= MIN_TYPE and is_request(i) then
			return exchanges.begin(i, number, pinfo.rel_ts, owner)
		elseif kind >= MIN_TYPE then
			return read_plain_answer(i, number, pinfo.rel_ts, owner)
		end
		local shown, names = read_end(i, number, pinfo.rel_ts, owner)
		if names then
			names_of[number] = names_of[number] or {}
			names_of[number][i] = names
		end
		return shown
	end

	-- Reads the frame at hand, if it was not read before. `owner` is the recorder's name
	-- of the socket.
	function conversation.read(number, pinfo, owner)
		if number <= read_to then
			return
		end
		read_to = number
		if frame.count == 1 then
			local shown
			if types[1] >= MIN_TYPE and not is_request(1) then
				-- What nearly all are, without the detour.
				shown = read_plain_answer(1, number, pinfo.rel_ts, owner)
			else
				shown = read_message(1, number, pinfo, owner)
			end
			if shown then
				exchange_of[number] = shown
			end
			return
		end
		local all, some = {}, false
		for i = 1, frame.count do
			all[i] = read_message(i, number, pinfo, owner) or false
			some = some or all[i]
		end
		exchange_of[number] = some and all or nil
	end

	-- The same for a frame whose only message is a plain one, as `netlink.plain` says.
	function conversation.read_plain(number, time, protocol, sequence, port, kind, flags)
		if number <= read_to then
			return
		end
		read_to = number
		local request = flags % 2 == 0 and find(protocol, sequence, port, kind, flags, time)
		if request then
			exchanges.answer(request, "answer", number, sequence, kind, flags)
			exchange_of[number] = request[1]
		end
	end

	-- Whether the frame at hand has what stands in the columns and among the expert items
	-- whoever looks.
	function conversation.is_special()
		for i = 1, frame.count do
			if is_end(i) or flags[i] % 32 >= 16 then -- DUMP_INTR
				return true
			end
		end
		return frame.behind > 0
	end

	-- What an error says of a request that is not in the file, whose header it repeats: its family
	-- and operation, and the names that it is about.
	local function ask_error(found)
		local family, operation = runtime.asked(found.original, found.copy)
		errors.explain(found, nil, {
			protocol = frame.protocol, big = frame.big, family = family, operation = operation,
		})
		return { family = family, operation = operation, type = found.original.type }
	end

	-- What is known of the messages of the frame at hand: one entry for each request,
	-- error and end, and for all answers to one request together.
	function conversation.entries(number)
		local known, entries, seen = exchange_of[number], {}, {}
		for i = 1, frame.count do
			local shown = known and (frame.count == 1 and known or known[i]) or nil
			local found = error_of(i)
			local role = role_of(i, found)
			local is_answer = role == "answer" or role == "notification"
			if is_answer and netlink.has(frame.flags[i], "DUMP_INTR") or (found and netlink.has(frame.flags[i], "DUMP_INTR")) then
				entries.interrupted = true
			end
			local names = found and names_of[number] and names_of[number][i]
			if names then
				found.bad, found.missing = names.bad, names.missing
			end
			if (shown or found) and not (is_answer and seen[shown]) then
				if is_answer then
					seen[shown] = true
				end
				entries[#entries + 1] = {
					request = shown and exchanges.unpack(shown) or nil, role = role, at = frame.at[i], index = i,
					error = found, asked = not shown and found and found.original and ask_error(found) or nil,
				}
			end
		end
		return entries
	end

	-- Each message of the frame that was dissected last, for statistics: its role, its
	-- family and operation, and where it answers something, when that was asked and its
	-- exchange.
	function conversation.messages(number)
		local known, all = exchange_of[number], {}
		for i = 1, frame.left do
			local shown = known and (frame.left == 1 and known or known[i]) or nil
			local kind, found = types[i], error_of(i)
			if kind >= MIN_TYPE or found then
				local role = role_of(i, found)
				local request = shown and exchanges.unpack(shown)
				local about = request or found and found.original and ask_error(found)
				all[#all + 1] = {
					role = role, type = about and about.type or kind, exchange = shown,
					family = about and about.family or frame.family[i],
					operation = about and about.operation or frame.operation[i],
					asked = role ~= "request" and role ~= "notification" and request and request.time or nil,
					interrupted = netlink.has(frame.flags[i], "DUMP_INTR") and role ~= "request",
				}
			end
		end
		return all
	end

	return conversation
	end)(nl)

	nl.exchange_fields = (function(...)
	-- Fields and expert items of what belongs together, for all netlink protocols.

	local nl = ...
	local errors = nl.errors

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
		flags = ProtoField.string("nlmsg.flags", "Flags", base.UNICODE,
			"Flags of the message by their names: what they mean depends on what the message does"),
		request_type = ProtoField.uint16("nlmsg.request.type", "Type of the request", base.DEC, nil, nil,
			"Of a request that is not in the file, whose header the error repeats"),
		request_flags = ProtoField.string("nlmsg.request.flags", "Flags of the request", base.UNICODE, "The same, its flags"),
		request_seq = ProtoField.uint32("nlmsg.request.seq", "Sequence number of the request", base.DEC, nil, nil,
			"The same, its sequence number"),
		request_port = ProtoField.uint32("nlmsg.request.port", "Port id of the request", base.DEC, nil, nil,
			"The same, the port id that it names"),
		request_len = ProtoField.uint32("nlmsg.request.len", "Length of the request", base.DEC, nil, nil,
			"The same, its bytes with the header"),
		trailing = ProtoField.bytes("nlmsg.trailing", "Bytes after the last message", base.NONE,
			"What the datagram has behind its last message"),
		ambiguous = ProtoField.bool("nlmsg.ambiguous", "Ambiguous", 8, { "yes", "no" }, 0x01,
			"It may belong to another request"),
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
		trailing = ProtoExpert.new("nlmsg.trailing_bytes", "Bytes after the last message",
			expert.group.UNDECODED, expert.severity.NOTE),
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
	proto.fields, proto.experts = list(fields), list(experts)

	return { proto = proto, fields = fields, experts = experts }
	end)(nl)

	nl.show = (function(...)
	-- What is known of a frame's messages, in the tree and in the columns.

	local nl = ...
	local bytes, errors, netlink, answers = nl.bytes, nl.errors, nl.netlink, nl.answers
	local frame, flags = netlink.frame, nl.flags
	local proto, fields, experts = nl.exchange_fields.proto, nl.exchange_fields.fields, nl.exchange_fields.experts

	local function label_of(request)
		return request and request.operation and request.operation.label
	end

	local TOLD = { ack = "acknowledged", done = "done", error = "error" }

	-- What the Info column says of an error, an acknowledgement or the end of a dump.
	local function tell(entry)
		local found, text = entry.error, TOLD[entry.role]
		if not text then
			return nil
		end
		local label = label_of(entry.request or entry.asked)
		text = label and label .. " " .. text or text
		if entry.role == "error" and found.errno then
			text = text .. " " .. (found.name or bytes.decimal(found.errno))
		end
		if found.text then
			text = text .. ", " .. bytes.printable(found.text, 128)
		end
		if entry.asked then
			text = string.format("%s, request %.0f is not in the file", text, found.original.sequence)
		end
		return text
	end

	-- Names of flags that are kept, by what the message does and by its protocol, type and flags:
	-- a file has few of them.
	local MAX_NAMED = 256
	local named, count = {}, 0

	-- The flags of a message of the frame at hand, or of a request that an error repeats, by name.
	local function flags_of(kind, value, operation)
		local protocol = frame.protocol
		local verb = operation and operation.verb or flags.verb(protocol, kind)
		if count == MAX_NAMED then
			named, count = {}, 0
		end
		local of_verb = named[verb or "none"] or {}
		named[verb or "none"] = of_verb
		local key = (protocol * 65536 + kind) * 65536 + value
		local text = of_verb[key]
		if not text then
			text = flags.names(protocol, kind, value, verb, answers.is_dump(protocol, kind, value))
			of_verb[key], count = text, count + 1
		end
		return text
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

	-- The header of a request that is not in the file, as an error repeats it.
	local function add_original(item, entry, tvb, at, big)
		local function number(field, from, size)
			local range = tvb(at + from, size)
			return big and item:add(field, range) or item:add_le(field, range)
		end
		local original = entry.error.original
		number(fields.request_type, 24, 2)
		item:add(fields.request_flags, tvb(at + 26, 2), flags_of(original.type, original.flags, entry.asked.operation))
		number(fields.request_seq, 28, 4)
		number(fields.request_port, 32, 4)
		number(fields.request_len, 20, 4)
	end

	local function add_error(item, entry, tvb, at, big)
		local found, kinds = entry.error, errors.KINDS
		local function range(attr)
			return tvb(at + attr.at, attr.size)
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
		if entry.asked then
			add_original(item, entry, tvb, at, big)
		end
		local attrs = found.attrs
		if attrs[kinds.MSG] and found.text and #found.text > 0 then
			item:add_packet_field(fields.text, tvb(at + attrs[kinds.MSG].at, #found.text), ENC_UTF_8)
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
				local where = tvb(at + part.at, part.size)
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

	local function add_entry(root, entry, pinfo)
		local request, at, i = entry.request, entry.at, entry.index
		local about = request or entry.asked
		local label = tell(entry) or (label_of(request) and label_of(request) .. " " .. entry.role) or entry.role
		local item = root:add(frame.tvb(at, 0), label)
		if about and about.family then
			add(item, fields.family, about.family.name)
			if about.operation then
				add(item, fields.operation, about.operation.label)
			end
		end
		if frame.flags[i] > 0 then
			item:add(fields.flags, frame.tvb(at + 6, 2), flags_of(frame.type[i], frame.flags[i], frame.operation[i]))
		end
		if entry.role == "request" then
			add_request(item, request)
		elseif request then
			add(item, fields.request_in, request.frame)
			add(item, fields.time, seconds_between(request.time, pinfo.rel_ts))
			if request.ambiguous or request.echoed and entry.role == "answer" then
				add(item, fields.ambiguous, true)
			end
		end
		if entry.error then
			add_error(item, entry, frame.tvb, at, frame.big)
		end
	end

	-- What follows the last message of the frame; nil for nothing.
	local function tell_trailing()
		local size, stop = frame.behind, frame.stop
		if size == 0 then
			return nil
		end
		local is_zero = not frame.raw:find("[^\0]", stop + 1)
		return string.format("%d %sbyte%s after the message", size, is_zero and "zero " or "", size == 1 and "" or "s")
	end

	local show = {}

	-- Adds what is known of the frame at hand to the tree; `entries` are those of
	-- `conversation.entries`.
	function show.tree(entries, pinfo, tree)
		local root
		for _, entry in ipairs(entries) do
			if entry.request or entry.error then
				root = root or tree:add(proto):set_generated()
				add_entry(root, entry, pinfo)
			end
		end
		if entries.interrupted then
			root = root or tree:add(proto):set_generated()
			root:add_proto_expert_info(experts.interrupted)
		end
		local trailing = tell_trailing()
		if trailing then
			root = root or tree:add(proto):set_generated()
			local item = root:add(fields.trailing, frame.tvb(frame.stop, #frame.raw - frame.stop))
			item:add_proto_expert_info(experts.trailing, trailing)
		end
	end

	-- Info texts of a frame that are written out; what follows is counted.
	local MAX_TOLD = 3

	-- The columns, where a family's dissector or an error of the frame has something to
	-- say. A frame with messages of other dissectors keeps what they say of it.
	function show.columns(entries, pinfo)
		local texts, told, family = {}, 0, nil
		local function put(text)
			told = told + 1
			if told <= MAX_TOLD then
				texts[told] = text
			end
		end
		for i = 1, frame.count do
			if frame.info[i] then
				family = frame.family[i]
				put(frame.info[i])
			end
		end
		local others = frame.count - told
		for _, entry in ipairs(entries or {}) do
			if entry.error then
				others = others - 1
				local about = entry.request or entry.asked
				family = family or about and about.family
				put(tell(entry))
			end
		end
		if told == 0 or (others > 0 and told == frame.count - others and not family) then
			return
		end
		local text = table.concat(texts, "; ")
		if told > MAX_TOLD then
			text = string.format("%s; %d more", text, told - MAX_TOLD)
		end
		local trailing = tell_trailing()
		text = trailing and string.format("%s [%s]", text, trailing) or text
		local cols = pinfo.cols
		cols.info = text
		if family then
			cols.protocol = family.name
		end
	end

	return show
	end)(nl)

	nl.statistics = (function(...)
	-- Messages, times and errors by operation: `tshark -q -z nl_util,tree`, and in the
	-- window Tools, Netlink operations.

	local nl = ...
	local netlink, conversation = nl.netlink, nl.conversation
	local frame = netlink.frame

	-- Whether somebody counts; once it is so it stays.
	local statistics = { listens = false }

	-- Names of netlink protocols (linux/netlink.h), for those without a family.
	local PROTOCOLS = {
		[0] = "route", [2] = "usersock", [4] = "sock_diag", [5] = "nflog", [6] = "xfrm", [7] = "selinux",
		[8] = "iscsi", [9] = "audit", [10] = "fib_lookup", [11] = "connector", [12] = "netfilter",
		[15] = "kobject_uevent", [16] = "generic", [18] = "scsitransport", [20] = "rdma", [21] = "crypto", [22] = "smc",
	}

	local function name_of(family, operation, kind)
		if family then
			return family.name, operation and operation.label or "?"
		elseif frame.protocol == netlink.GENERIC and kind == netlink.MIN_TYPE then
			return "nlctrl", "-"
		end
		return PROTOCOLS[frame.protocol] or string.format("protocol %d", frame.protocol),
			kind >= netlink.MIN_TYPE and string.format("type %d", kind) or "-"
	end

	local function row_of(rows, entry)
		local family, operation = name_of(entry.family, entry.operation, entry.type)
		local key = family .. " " .. operation
		local row = rows[key]
		if not row then
			row = {
				family = family, operation = operation, request = 0, answer = 0, notification = 0, error = 0,
				ack = 0, done = 0, interrupted = 0, timed = 0, total = 0, least = math.huge, most = 0,
			}
			rows[key] = row
			rows[#rows + 1] = row
		end
		return row
	end

	-- Adds the frame that was dissected last.
	local function count(rows, pinfo)
		if frame.number ~= pinfo.number then
			return
		end
		for _, entry in ipairs(conversation.messages(frame.number)) do
			local row = row_of(rows, entry)
			row[entry.role] = row[entry.role] + 1
			row.interrupted = row.interrupted + (entry.interrupted and 1 or 0)
			-- The time to the first answer, of whatever kind it is.
			if entry.asked and not rows.seen[entry.exchange] then
				rows.seen[entry.exchange] = true
				local time = (pinfo.rel_ts - entry.asked) * 1000
				row.timed, row.total = row.timed + 1, row.total + time
				row.least, row.most = math.min(row.least, time), math.max(row.most, time)
			end
		end
	end

	local COLUMNS = {
		{ "requests", "request" }, { "answers", "answer" }, { "notifications", "notification" }, { "acks", "ack" },
		{ "errors", "error" }, { "dump ends", "done" }, { "interrupted", "interrupted" },
	}

	local function text_of(rows)
		table.sort(rows, function(a, b)
			return a.family .. " " .. a.operation < b.family .. " " .. b.operation
		end)
		local widths = { 6, 9 }
		for _, row in ipairs(rows) do
			widths[1], widths[2] = math.max(widths[1], #row.family), math.max(widths[2], #row.operation)
		end
		local function line(first, second, others)
			local parts = { string.format("%-" .. widths[1] .. "s  %-" .. widths[2] .. "s", first, second) }
			for i, text in ipairs(others) do
				local name = COLUMNS[i] and COLUMNS[i][1] or "least ms"
				parts[#parts + 1] = string.format("%" .. math.max(#name, 8) .. "s", text)
			end
			return table.concat(parts, "  ")
		end
		local heads = {}
		for i, column in ipairs(COLUMNS) do
			heads[i] = column[1]
		end
		for _, head in ipairs({ "least ms", "mean ms", "most ms" }) do
			heads[#heads + 1] = head
		end
		local lines = { "Netlink operations; times are from a request to the first message that answers it", line("family", "operation", heads) }
		for _, row in ipairs(rows) do
			local cells = {}
			for i, column in ipairs(COLUMNS) do
				cells[i] = string.format("%d", row[column[2]])
			end
			local timed = row.timed > 0
			cells[#cells + 1] = timed and string.format("%.3f", row.least) or "-"
			cells[#cells + 1] = timed and string.format("%.3f", row.total / row.timed) or "-"
			cells[#cells + 1] = timed and string.format("%.3f", row.most) or "-"
			lines[#lines + 1] = line(row.family, row.operation, cells)
		end
		return table.concat(lines, "\n") .. "\n"
	end

	-- What the recorder put into the file was said by nobody. A tap that filters by a field
	-- has it made, as the comments' own does not before it is asked for.
	local SAID = '!(frame.comment == "added by nlcap")'

	local function new_rows()
		return { seen = {} }
	end

	local function listen(show)
		statistics.listens = true
		local rows = new_rows()
		local tap = Listener.new("frame", SAID)
		function tap.packet(pinfo)
			count(rows, pinfo)
		end
		function tap.draw()
			show(text_of(rows))
		end
		function tap.reset()
			rows = new_rows()
		end
		return tap
	end

	register_stat_cmd_arg("nl_util,tree", function()
		listen(function(text)
			io.stdout:write("\n", text)
		end)
	end)

	if gui_enabled() then
		register_menu("Netlink operations", function()
			local window = TextWindow.new("Netlink operations")
			local tap = listen(function(text)
				window:set(text)
			end)
			window:set_atclose(function()
				tap:remove()
			end)
			retap_packets()
		end, MENU_TOOLS_UNSORTED)
	end

	return statistics
	end)(nl)

	nl.hook = (function(...)
	-- The way into a frame: before Wireshark's dissector of netlink, and after it. A
	-- post-dissector would be called for every frame of every protocol, and would have to
	-- ask for fields that cost all frames a tree.

	local nl = ...
	local bytes, netlink, notes, runtime = nl.bytes, nl.netlink, nl.notes, nl.runtime
	local conversation, show, interest = nl.conversation, nl.show, nl.interest
	local statistics = nl.statistics
	local proto, experts = nl.exchange_fields.proto, nl.exchange_fields.experts
	local byte = string.byte
	local frame, GENERIC, MIN_TYPE = netlink.frame, netlink.GENERIC, netlink.MIN_TYPE
	local types, families, infos = frame.type, frame.family, frame.info

	-- Newer Wiresharks call it by another name.
	local NETLINK = (rawget(_G, "wtap_encaps") or wtap).NETLINK
	local encapsulations = DissectorTable.get("wtap_encap")
	local original = encapsulations:get_dissector(NETLINK)
	local dissect = original.call

	-- Each item and range is an object that Lua has to finalize. When its collector begins is
	-- left as it is, and with that how much all plugins' memory grows; but what it has begun it
	-- ends at once: 2 or 3 % of the time, and less memory. All else that was tried costs time:
	-- docs/benchmarks.md.
	if _VERSION == "Lua 5.2" then
		collectgarbage("setstepmul", 4000)
	end

	local handle

	local of_frame = runtime.of_frame

	-- A number of preference, or the family that Wireshark named.
	local function families_of_frame(tree)
		for i = 1, frame.count do
			local kind = types[i]
			if kind >= MIN_TYPE and not infos[i] then
				local family = families[i]
					or (kind > MIN_TYPE and frame.at[i] + netlink.HEADER < #frame.raw and runtime.preferred(kind))
				if family then
					local ok, message = pcall(of_frame, family, i, tree)
					if not ok then
						tree:add_proto_expert_info(family.experts.fault, bytes.printable(tostring(message), 200))
					end
				end
			end
		end
	end

	-- Whether somebody asks for anything of an exchange, and whether neither that nor what a
	-- recorder wrote is asked for, and nobody looks.
	local asked, idle = false, false

	local function before(tvb, raw, tree, number, visible)
		frame.number, frame.visible = number, visible
		netlink.read(tvb, raw)
		if idle then
			frame.noted = nil
		else
			frame.noted, frame.is_quiet = notes.read(number, tree, visible, asked)
		end
	end

	local function after(pinfo, tree)
		if frame.protocol == GENERIC then
			families_of_frame(tree)
		end
		local number, noted = frame.number, frame.noted
		conversation.read(number, pinfo, noted and notes.owner(noted))
		local entries
		if asked or conversation.is_special() then
			entries = conversation.entries(number)
			show.tree(entries, pinfo, tree)
		end
		if entries or frame.count > 1 then
			show.columns(entries, pinfo)
		elseif infos[1] then
			local cols = pinfo.cols
			cols.info, cols.protocol = infos[1], families[1].name
		end
		if noted and not frame.is_quiet then
			notes.add(noted, tree)
		end
	end

	-- Where a frame is: with us, with Wireshark's own dissector after us, or with that alone.
	local OURS, AFTER, THEIRS = 1, 2, 3
	local place = OURS

	local function look(tvb, pinfo, tree)
		local number, raw = pinfo.number, tvb:raw()
		local visible, anew = interest.frame(number, tree)
		if anew then
			handle = handle or Dissector.get("nlmsg")
			asked = visible or interest.in_protocol(tree, handle)
			idle = not asked and not statistics.listens and notes.idle(tree, visible)
		end
		if idle and byte(raw, 16) ~= GENERIC then
			local protocol, sequence, port, kind, flags = netlink.plain(raw)
			if protocol then
				conversation.read_plain(number, pinfo.rel_ts, protocol, sequence, port, kind, flags)
				place = THEIRS
				return dissect(original, tvb, pinfo, tree)
			end
		end
		before(tvb, raw, tree, number, visible)
		place = AFTER
		-- What it throws, of a frame that was cut, it has shown already.
		local whole, used = pcall(dissect, original, tvb, pinfo, tree)
		after(pinfo, tree)
		return whole and used
	end

	function proto.dissector(tvb, pinfo, tree)
		place = OURS
		local ok, used = pcall(look, tvb, pinfo, tree)
		if place == THEIRS then
			return ok and used or tvb:len()
		end
		if not ok then
			tree:add_proto_expert_info(experts.fault, bytes.printable(tostring(used), 200))
			used = place == OURS and dissect(original, tvb, pinfo, tree)
		end
		netlink.leave()
		return used or tvb:len()
	end

	function proto.init()
		conversation.begin()
		runtime.begin()
		notes.begin()
	end

	encapsulations:set(NETLINK, proto)

	return {}
	end)(nl)

	package.loaded["nl_util.dissector"] = nl
end
assert(nl.api == 3, "dissectors of another version of nl-util are loaded: make all of them anew")

nl.runtime.register({
	name = "nl_util",
	abbr = "nl_util",
	title = "nl_util: Ethernet interfaces of the caller's network namespace",
	requests = {
		[1] = { label = "L2_LIST", set = "nl-util", verb = "get", counted = { 1 } },
		[2] = { label = "L2_IID", set = "nl-util", counted = { 1 } },
		[3] = { label = "REPLY_WITH_NLMSG_ERR", set = "nl-util" },
		[4] = { label = "L2_NEW_NTF", set = "nl-util", verb = "new", async = true },
		[5] = { label = "L2_CHANGE_NTF", set = "nl-util", async = true },
		[6] = { label = "L2_DEL_NTF", set = "nl-util", verb = "delete", async = true },
	},
	common = { set = "nl-util" },
	sets = {
		["nl-util"] = {
			[1] = {
				name = "netdev", label = "NETDEV", abbr = "nl_util.netdev",
				kind = "nest", set = "netdev",
				noun = "interfaces",
				doc = "One interface. Requests set NLA_F_NESTED on it, answers do not: readers must accept both.",
			},
			[2] = {
				name = "ext_mask", label = "EXT_MASK", abbr = "nl_util.ext_mask",
				kind = "u32", enum = "ext-mask", flags = true,
				doc = "What the answer should contain beyond the basic attributes. EINVAL for unknown bits.",
			},
		},
		["netdev"] = {
			[1] = {
				name = "ifindex", label = "IFINDEX", abbr = "nl_util.netdev.ifindex",
				kind = "u32",
				doc = "Interface index, 1 or greater.",
			},
			[2] = {
				name = "ifname", label = "IFNAME", abbr = "nl_util.netdev.ifname",
				kind = "string",
				doc = "Interface name, NUL-terminated, at most 16 bytes including the NUL.",
			},
			[3] = {
				name = "flags", label = "FLAGS", abbr = "nl_util.netdev.flags",
				kind = "u32", enum = "device-flags", flags = true,
				doc = "net_device.flags unchanged, not the result of dev_get_flags(), which `ip` shows.",
			},
			[4] = {
				name = "ifmtu", label = "IFMTU", abbr = "nl_util.netdev.ifmtu",
				kind = "u32",
				doc = "MTU in bytes.",
			},
			[5] = {
				name = "state", label = "STATE", abbr = "nl_util.netdev.state",
				kind = "u32", enum = "oper-state",
				doc = "Operational state as sent by rtnetlink: down if the interface is not running.",
			},
			[6] = {
				name = "qlen", label = "QLEN", abbr = "nl_util.netdev.qlen",
				kind = "u32",
				doc = "Transmit queue length in packets.",
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
				doc = "Index of the underlying interface, or of a veth's peer; with link-netnsid, in that namespace.",
			},
			[11] = {
				name = "master", label = "MASTER", abbr = "nl_util.netdev.master",
				kind = "u32",
				doc = "Index of the bridge, bond or team that this one is a port of.",
			},
			[12] = {
				name = "kind", label = "KIND", abbr = "nl_util.netdev.kind",
				kind = "string",
				doc = "Kind of virtual interface: dummy, veth, bridge, vlan. Absent if a driver created the device.",
			},
			[13] = {
				name = "ifalias", label = "IFALIAS", abbr = "nl_util.netdev.ifalias",
				kind = "string",
				doc = "Alias set by the administrator.",
			},
			[14] = {
				name = "perm_mac", label = "PERM_MAC", abbr = "nl_util.netdev.perm_mac",
				kind = "mac",
				doc = "Permanent hardware address of the device.",
			},
			[15] = {
				name = "min_mtu", label = "MIN_MTU", abbr = "nl_util.netdev.min_mtu",
				kind = "u32",
				doc = "Minimum MTU in bytes. Absent if not set.",
			},
			[16] = {
				name = "max_mtu", label = "MAX_MTU", abbr = "nl_util.netdev.max_mtu",
				kind = "u32",
				doc = "Maximum MTU in bytes. Absent if not set.",
			},
			[17] = {
				name = "carrier", label = "CARRIER", abbr = "nl_util.netdev.carrier",
				kind = "u8",
				doc = "1 if the device has carrier, else 0.",
			},
			[18] = {
				name = "ifi_flags", label = "IFI_FLAGS", abbr = "nl_util.netdev.ifi_flags",
				kind = "u32", enum = "device-flags", flags = true,
				doc = "Flags as computed by dev_get_flags(), which `ip` shows.",
			},
			[19] = {
				name = "link_netnsid", label = "LINK_NETNSID", abbr = "nl_util.netdev.link_netnsid",
				kind = "s32",
				doc = "Id, in the caller's network namespace, of the namespace that link is in, if it is a different one.",
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
				doc = "Frames not sent because of a lost carrier.",
			},
			{ name = "tx_fifo_errors", label = "tx_fifo_errors", size = 8, kind = "u64",
				doc = "Frames not sent because of a FIFO underrun.",
			},
			{ name = "tx_heartbeat_errors", label = "tx_heartbeat_errors", size = 8, kind = "u64",
				doc = "Heartbeat or signal quality errors.",
			},
			{ name = "tx_window_errors", label = "tx_window_errors", size = 8, kind = "u64",
				doc = "Frames not sent because of a late collision.",
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
			{ 3, "loopback", "LOOPBACK", "Interface is a loopback." },
			{ 4, "pointopoint", "POINTOPOINT", "Interface is a point-to-point link." },
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
			{ 0, "stats", "STATS", "The counters (stats)." },
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
