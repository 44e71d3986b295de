-- SPDX-License-Identifier: GPL-2.0-or-later
-- Generated from kmod/uapi/nl_util.yaml by `cargo xtask codegen`; do not edit.
--
-- Load it with `-X lua_script:FILE`, or from the folder of personal plugins.

local runtime = (function()
-- What all generic netlink families have in common in Wireshark: fields from a
-- family's tables, and dissection by them. The generator puts this file in front
-- of the tables; Lua 5.2 (Wireshark 4.0) is its measure, so no integer operators.

local runtime = {}

-- Nests deeper than this are shown as bytes: no kernel family nests half as deep,
-- and a hostile capture must not exhaust the stack.
local MAX_DEPTH = 16

local NLA_HEADER = 4 -- struct nlattr: u16 length, u16 type, as the machine writes them
local GENL_HEADER = 4 -- struct genlmsghdr: u8 command, u8 version, u16 reserved
local NLM_F_REQUEST = 1

-- The netlink header is not handed to a family's dissector. In a frame with
-- several messages the last value is the current message's.
local header_flags = Field.new("netlink.hdr_flags")

local function last(field)
	local values = { field() }
	local value = values[#values]
	return value and value.value, #values
end

-- Values are read in the order of the machine that was recorded, which nobody
-- tells: the first attribute's length makes sense in one order only.
local function is_big_endian(tvb)
	local left = tvb:len() - GENL_HEADER
	if left < NLA_HEADER then
		return false
	end
	local little = tvb(GENL_HEADER, 2):le_uint()
	local big = tvb(GENL_HEADER, 2):uint()
	local function fits(length)
		return length >= NLA_HEADER and length <= left
	end
	return fits(big) and not fits(little)
end

local SCALARS = {
	u8 = { make = ProtoField.uint8, size = 1 },
	u16 = { make = ProtoField.uint16, size = 2 },
	u32 = { make = ProtoField.uint32, size = 4 },
	u64 = { make = ProtoField.uint64, size = 8 },
	s8 = { make = ProtoField.int8, size = 1 },
	s16 = { make = ProtoField.int16, size = 2 },
	s32 = { make = ProtoField.int32, size = 4 },
	s64 = { make = ProtoField.int64, size = 8 },
}

-- Kinds of fixed size that Wireshark has a type for.
local ADDRESSES = {
	mac = { make = ProtoField.ether, size = 6 },
	ipv4 = { make = ProtoField.ipv4, size = 4 },
	ipv6 = { make = ProtoField.ipv6, size = 16 },
}

--------------------------------------------------------------------------------
-- Fields

-- Makes the field of one value, and for flags one more for each bit.
local function value_field(family, abbr, label, value)
	local scalar = SCALARS[value.type]
	local field
	if scalar and value.flags then
		field = scalar.make(abbr, label, base.HEX, nil, nil, value.doc)
		value.bits = {}
		for _, bit in ipairs(value.flags) do
			local mask = 2 ^ bit.bit
			local made = ProtoField.bool(abbr .. "." .. bit.name, bit.label, scalar.size * 8,
				{ "set", "not set" }, mask, bit.doc)
			value.bits[#value.bits + 1] = made
			family.fields[#family.fields + 1] = made
		end
	elseif scalar then
		field = scalar.make(abbr, label, base.DEC, value.names, nil, value.doc)
	elseif ADDRESSES[value.type] then
		field = ADDRESSES[value.type].make(abbr, label, value.doc)
	elseif value.type == "string" then
		field = ProtoField.string(abbr, label, base.UNICODE, value.doc)
	elseif value.type == "nest" or value.type == "struct" or value.type == "flag" then
		field = ProtoField.none(abbr, label, value.doc)
	else
		field = ProtoField.bytes(abbr, label, base.NONE, value.doc)
	end
	value.field = field
	family.fields[#family.fields + 1] = field
end

local function make_fields(family)
	family.fields = {}
	for _, set in pairs(family.sets) do
		for _, attr in pairs(set.attributes) do
			value_field(family, attr.abbr, attr.label, attr)
			for _, member in ipairs(attr.members or {}) do
				value_field(family, attr.abbr .. "." .. member.name, member.label, member)
			end
		end
	end
	local commands = {}
	for number, operation in pairs(family.operations) do
		commands[number] = operation.label
	end
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
end

local function make_experts(family)
	local function make(what, text, group, severity)
		return ProtoExpert.new(family.abbr .. "." .. what, text, group, severity)
	end
	local group, severity = expert.group, expert.severity
	family.experts = {
		malformed = make("malformed", "Malformed attribute", group.MALFORMED, severity.ERROR),
		length = make("wrong_length", "Wrong length", group.MALFORMED, severity.WARN),
		unknown = make("unknown_number", "Not in the specification", group.UNDECODED, severity.NOTE),
		depth = make("too_deep", "Nested too deep to be dissected", group.UNDECODED, severity.WARN),
		fault = make("fault", "The dissector failed", group.UNDECODED, severity.ERROR),
	}
end

--------------------------------------------------------------------------------
-- Dissection

-- The attribute's header, first below its item.
local function add_header(context, item, header, label)
	local own = context.family.own
	local add = context.big and item.add or item.add_le
	add(item, own.len, header(0, 2))
	add(item, own.nested, header(2, 2))
	add(item, own.net, header(2, 2))
	add(item, own.type, header(2, 2)):append_text(" (" .. label .. ")")
end

-- Bits of a number, with their names on the item's own line.
local function add_bits(item, value, range, add, number)
	local names = {}
	for i, bit in ipairs(value.flags) do
		add(item, value.bits[i], range)
		if math.floor(number / 2 ^ bit.bit) % 2 == 1 then
			names[#names + 1] = bit.label
		end
	end
	if #names > 0 then
		item:append_text(" (" .. table.concat(names, ", ") .. ")")
	end
end

-- Adds a number, an address or bytes at `range`, with what `describe` puts below
-- the item first. Returns the value as the Info column and a nest's line show it.
local function add_value(context, tree, value, range, describe)
	local scalar, address = SCALARS[value.type], ADDRESSES[value.type]
	local little = value.little or not (context.big or value.big)
	local size = (scalar or address or {}).size
	if size and range:len() ~= size then
		local item = tree:add(context.family.own.rest, range)
		item:set_text(value.label .. ": " .. tostring(range:bytes()))
		item:add_proto_expert_info(context.family.experts.length,
			string.format("%s has %d bytes, not %d", value.label, range:len(), size))
		describe(item)
		return nil
	end
	if not scalar then
		describe(tree:add(value.field, range))
		return nil
	end
	local add = little and tree.add_le or tree.add
	local item = add(tree, value.field, range)
	describe(item)
	if size == 8 then
		return nil
	end
	local number
	if value.type:sub(1, 1) == "s" then
		number = little and range:le_int() or range:int()
	else
		number = little and range:le_uint() or range:uint()
	end
	if value.flags then
		add_bits(item, value, range, add, number)
	end
	return value.names and value.names[number] or string.format("%d", number)
end

-- A text from the wire, fit for a line that a terminal may print.
local function printable(text)
	return (text:gsub("[^\32-\126]", function(byte)
		return string.format("\\x%02x", byte:byte())
	end))
end

local function add_string(context, tree, attr, range, describe)
	local nul = range:raw():find("\0", 1, true)
	local length = nul and nul - 1 or range:len()
	local item, shown
	if length == 0 then
		item, shown = tree:add(attr.field, range, ""), ""
	else
		local text = range(0, length)
		item, shown = tree:add_packet_field(attr.field, text, ENC_UTF_8), printable(text:raw())
	end
	describe(item)
	if not nul then
		item:add_proto_expert_info(context.family.experts.length,
			attr.label .. " does not end with a NUL")
	end
	return shown
end

local function no_description() end

-- A kernel may know more or fewer members than the specification.
local function add_struct(context, tree, attr, range, describe)
	local item = tree:add(attr.field, range)
	describe(item)
	local at = 0
	for _, member in ipairs(attr.members) do
		if at + member.size > range:len() then
			break
		end
		add_value(context, item, member, range(at, member.size), no_description)
		at = at + member.size
	end
	if at < range:len() then
		item:add(context.family.own.rest, range(at))
	end
end

local dissect_attributes

local function add_attribute(context, tree, attr, range, depth, describe)
	if attr.type == "string" then
		return add_string(context, tree, attr, range, describe)
	elseif attr.type == "struct" then
		return add_struct(context, tree, attr, range, describe)
	elseif attr.type ~= "nest" then
		return add_value(context, tree, attr, range, describe)
	end
	local item = tree:add(attr.field, range)
	describe(item)
	local shown = dissect_attributes(context, item, attr.set, range, depth + 1)
	if shown then
		item:append_text(": " .. shown)
	end
	return shown
end

-- Types whose attributes may be empty.
local MAY_BE_EMPTY = { flag = true, nest = true, binary = true }

-- No payload: right for a flag and an empty nest, wrong for a value.
local function add_empty(context, tree, attr, header, describe)
	local item
	if attr.type == "string" then
		item = tree:add(attr.field, header, "")
	elseif MAY_BE_EMPTY[attr.type] then
		item = tree:add(attr.field, header)
	else
		item = tree:add(context.family.own.rest, header)
		item:set_text(attr.label)
	end
	describe(item)
	if not MAY_BE_EMPTY[attr.type] then
		item:add_proto_expert_info(context.family.experts.length, attr.label .. " is empty")
	end
end

-- Dissects the attributes in `range` by the set of that name. Returns what stands
-- for all of them in one line: the first text, else the first number.
function dissect_attributes(context, tree, set_name, range, depth)
	local family = context.family
	if depth > MAX_DEPTH then
		local item = tree:add(family.own.rest, range)
		item:add_proto_expert_info(family.experts.depth)
		return nil
	end
	local set = family.sets[set_name] or { attributes = {} }
	local text, number
	local at, total = 0, range:len()
	while at < total do
		if total - at < NLA_HEADER then
			local item = tree:add(family.own.rest, range(at))
			item:add_proto_expert_info(family.experts.malformed,
				string.format("%d bytes are left, too few for an attribute", total - at))
			break
		end
		local header = range(at, NLA_HEADER)
		local length, kind
		if context.big then
			length, kind = header(0, 2):uint(), header(2, 2):uint()
		else
			length, kind = header(0, 2):le_uint(), header(2, 2):le_uint()
		end
		kind = kind % 0x4000
		if length < NLA_HEADER or length > total - at then
			local item = tree:add(family.own.rest, range(at))
			item:add_proto_expert_info(family.experts.malformed,
				string.format("An attribute says it has %d bytes, %d are left", length, total - at))
			break
		end
		local attr = set.attributes[kind]
		local label = attr and attr.label or "unknown"
		local payload = length > NLA_HEADER and range(at + NLA_HEADER, length - NLA_HEADER)
		local function describe(item)
			add_header(context, item, header, label)
		end
		local shown
		if not attr then
			local item = tree:add(family.own.unknown, payload or header)
			describe(item)
			item:add_proto_expert_info(family.experts.unknown,
				string.format("The specification has no attribute %d here", kind))
		elseif payload then
			shown = add_attribute(context, tree, attr, payload, depth, describe)
		else
			add_empty(context, tree, attr, header, describe)
		end
		if attr and attr.type == "string" then
			text = text or shown
		elseif shown and not number then
			number = attr.type == "nest" and shown or string.format("%s %s", attr.name, shown)
		end
		if depth == 0 then
			context.counts[kind] = (context.counts[kind] or 0) + 1
		end
		at = at + math.floor((length + 3) / 4) * 4
	end
	return text or number
end

-- What the Info column says behind the operation: how many there are of what may
-- stand several times, or what stands for the only one.
local function story(family, operation, is_request, counts, shown)
	local set = family.sets[operation.set] or { attributes = {} }
	for _, number in ipairs(is_request and operation.request or operation.reply) do
		local attr = set.attributes[number]
		local count = counts[number] or 0
		if attr and attr.noun and (count > 1 or (count == 0 and not is_request)) then
			return string.format("%d %s", count, attr.noun)
		end
	end
	return shown
end

-- What the Info column of the frame at hand says so far.
local told = {}

local function dissect(family, tvb, pinfo, tree)
	local own = family.own
	local flags, messages = last(header_flags)
	local is_request = flags ~= nil and flags % 2 == NLM_F_REQUEST
	pinfo.cols.protocol = family.name

	local root = tree:add(family.proto, tvb())
	if tvb:len() < GENL_HEADER then
		root:add_proto_expert_info(family.experts.malformed, "The generic netlink header is cut short")
		return
	end
	local command = tvb(0, 1):uint()
	local operation = family.operations[command]
	local context = { family = family, big = is_big_endian(tvb), counts = {} }
	root:add(own.cmd, tvb(0, 1))
	root:add(own.version, tvb(1, 1))
	local add = context.big and root.add or root.add_le
	add(root, own.reserved, tvb(2, 2))
	if not operation then
		root:add_proto_expert_info(family.experts.unknown,
			string.format("The specification has no command %d", command))
		operation = { label = string.format("command %d", command), request = {}, reply = {} }
	end
	local shown
	if tvb:len() > GENL_HEADER then
		shown = dissect_attributes(context, root, operation.set or "", tvb(GENL_HEADER), 0)
	end

	local info = operation.label .. (is_request and " request" or " answer")
	local more = story(family, operation, is_request, context.counts, shown)
	if more then
		info = info .. ", " .. more
	end
	root:append_text(", " .. info)
	-- Wireshark empties the column for each message of a frame.
	if messages > 1 and told.frame == pinfo.number then
		info = told.info .. "; " .. info
	end
	told.frame, told.info = pinfo.number, info
	pinfo.cols.info = info
end

-- Registers a family by its tables.
function runtime.register(family)
	local proto = Proto(family.abbr, family.title)
	family.proto = proto
	make_fields(family)
	make_experts(family)
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
			tree:add_proto_expert_info(family.experts.fault, tostring(message))
		end
		return tvb:len()
	end
	DissectorTable.get("genl.family"):add(family.name, proto)
	return proto
end

return runtime
end)()

runtime.register({
	name = "nl_util",
	abbr = "nl_util",
	title = "nl_util: Ethernet interfaces of the caller's network namespace",
	operations = {
		[1] = { label = "L2_LIST", set = "nl-util", request = { 2 }, reply = { 1 } },
		[2] = { label = "L2_IID", set = "nl-util", request = { 1, 2 }, reply = { 1 } },
		[3] = { label = "REPLY_WITH_NLMSG_ERR", set = "nl-util", request = {}, reply = {} },
		[4] = { label = "L2_NEW_NTF", set = "nl-util", request = {}, reply = {} },
		[5] = { label = "L2_CHANGE_NTF", set = "nl-util", request = {}, reply = {} },
		[6] = { label = "L2_DEL_NTF", set = "nl-util", request = {}, reply = {} },
	},
	sets = {
		["nl-util"] = { attributes = {
			[1] = {
				name = "netdev",
				label = "NETDEV",
				abbr = "nl_util.netdev",
				type = "nest",
				set = "netdev",
				noun = "interfaces",
				doc = "One interface. Requests carry NLA_F_NESTED on it, answers do not: a reader takes both.",
			},
			[2] = {
				name = "ext_mask",
				label = "EXT_MASK",
				abbr = "nl_util.ext_mask",
				type = "u32",
				flags = {
					{ bit = 0, name = "stats", label = "STATS", doc = "The counters, stats." },
					{ bit = 1, name = "details", label = "DETAILS", doc = "link, link-netnsid, master, kind, ifalias, perm-mac, min-mtu, max-mtu, carrier and ifi-flags." },
				},
				doc = "What the answer is to hold beyond the basic attributes. EINVAL for a bit that the kernel does not know.",
			},
		} },
		["netdev"] = { attributes = {
			[1] = {
				name = "ifindex",
				label = "IFINDEX",
				abbr = "nl_util.netdev.ifindex",
				type = "u32",
				doc = "Interface index, from 1 on.",
			},
			[2] = {
				name = "ifname",
				label = "IFNAME",
				abbr = "nl_util.netdev.ifname",
				type = "string",
				doc = "Interface name, NUL-terminated, at most 16 bytes with the NUL.",
			},
			[3] = {
				name = "flags",
				label = "FLAGS",
				abbr = "nl_util.netdev.flags",
				type = "u32",
				flags = {
					{ bit = 0, name = "up", label = "UP", doc = "Interface is administratively up." },
					{ bit = 1, name = "broadcast", label = "BROADCAST", doc = "Broadcast address is valid." },
					{ bit = 2, name = "debug", label = "DEBUG", doc = "Debugging is on." },
					{ bit = 3, name = "loopback", label = "LOOPBACK", doc = "Is a loopback interface." },
					{ bit = 4, name = "pointopoint", label = "POINTOPOINT", doc = "Is a point-to-point link." },
					{ bit = 5, name = "notrailers", label = "NOTRAILERS", doc = "Avoid use of trailers." },
					{ bit = 6, name = "running", label = "RUNNING", doc = "Resources are allocated and the operational state is up." },
					{ bit = 7, name = "noarp", label = "NOARP", doc = "No ARP protocol." },
					{ bit = 8, name = "promisc", label = "PROMISC", doc = "Receives all packets." },
					{ bit = 9, name = "allmulti", label = "ALLMULTI", doc = "Receives all multicast packets." },
					{ bit = 10, name = "master", label = "MASTER", doc = "Master of a load balancer." },
					{ bit = 11, name = "slave", label = "SLAVE", doc = "Slave of a load balancer." },
					{ bit = 12, name = "multicast", label = "MULTICAST", doc = "Supports multicast." },
					{ bit = 13, name = "portsel", label = "PORTSEL", doc = "Can select a media type." },
					{ bit = 14, name = "automedia", label = "AUTOMEDIA", doc = "Media type selection is automatic." },
					{ bit = 15, name = "dynamic", label = "DYNAMIC", doc = "Addresses are lost when the interface goes down." },
					{ bit = 16, name = "lower_up", label = "LOWER_UP", doc = "The driver signals layer 1 up." },
					{ bit = 17, name = "dormant", label = "DORMANT", doc = "The driver signals dormant." },
					{ bit = 18, name = "echo", label = "ECHO", doc = "Echoes sent packets." },
				},
				doc = "net_device.flags as it is, not what dev_get_flags() makes of it, which `ip` shows.",
			},
			[4] = {
				name = "ifmtu",
				label = "IFMTU",
				abbr = "nl_util.netdev.ifmtu",
				type = "u32",
				doc = "MTU in bytes.",
			},
			[5] = {
				name = "state",
				label = "STATE",
				abbr = "nl_util.netdev.state",
				type = "u32",
				names = {
					[0] = "UNKNOWN",
					[1] = "NOTPRESENT",
					[2] = "DOWN",
					[3] = "LOWERLAYERDOWN",
					[4] = "TESTING",
					[5] = "DORMANT",
					[6] = "UP",
				},
				doc = "Operational state as rtnetlink sends it: down for an interface that is not running.",
			},
			[6] = {
				name = "qlen",
				label = "QLEN",
				abbr = "nl_util.netdev.qlen",
				type = "u32",
				doc = "Length of the transmit queue in packets.",
			},
			[7] = {
				name = "stats",
				label = "STATS",
				abbr = "nl_util.netdev.stats",
				type = "struct",
				members = {
					{ name = "rx_packets", label = "rx_packets", size = 8,
				type = "u64",
				doc = "Good packets received." },
					{ name = "tx_packets", label = "tx_packets", size = 8,
				type = "u64",
				doc = "Packets sent." },
					{ name = "rx_bytes", label = "rx_bytes", size = 8,
				type = "u64",
				doc = "Bytes of the packets received." },
					{ name = "tx_bytes", label = "tx_bytes", size = 8,
				type = "u64",
				doc = "Bytes of the packets sent." },
					{ name = "rx_errors", label = "rx_errors", size = 8,
				type = "u64",
				doc = "Bad packets received." },
					{ name = "tx_errors", label = "tx_errors", size = 8,
				type = "u64",
				doc = "Failed transmissions." },
					{ name = "rx_dropped", label = "rx_dropped", size = 8,
				type = "u64",
				doc = "Packets received but not processed." },
					{ name = "tx_dropped", label = "tx_dropped", size = 8,
				type = "u64",
				doc = "Packets dropped on their way to transmission." },
					{ name = "multicast", label = "multicast", size = 8,
				type = "u64",
				doc = "Multicast packets received." },
					{ name = "collisions", label = "collisions", size = 8,
				type = "u64",
				doc = "Collisions during transmission." },
					{ name = "rx_length_errors", label = "rx_length_errors", size = 8,
				type = "u64",
				doc = "Packets dropped for an invalid length." },
					{ name = "rx_over_errors", label = "rx_over_errors", size = 8,
				type = "u64",
				doc = "Receiver FIFO overflows." },
					{ name = "rx_crc_errors", label = "rx_crc_errors", size = 8,
				type = "u64",
				doc = "Packets received with a CRC error." },
					{ name = "rx_frame_errors", label = "rx_frame_errors", size = 8,
				type = "u64",
				doc = "Receiver frame alignment errors." },
					{ name = "rx_fifo_errors", label = "rx_fifo_errors", size = 8,
				type = "u64",
				doc = "Receiver FIFO errors." },
					{ name = "rx_missed_errors", label = "rx_missed_errors", size = 8,
				type = "u64",
				doc = "Packets missed by the host." },
					{ name = "tx_aborted_errors", label = "tx_aborted_errors", size = 8,
				type = "u64",
				doc = "Transmissions aborted." },
					{ name = "tx_carrier_errors", label = "tx_carrier_errors", size = 8,
				type = "u64",
				doc = "Frames not sent for loss of carrier." },
					{ name = "tx_fifo_errors", label = "tx_fifo_errors", size = 8,
				type = "u64",
				doc = "Frames not sent for a FIFO underrun." },
					{ name = "tx_heartbeat_errors", label = "tx_heartbeat_errors", size = 8,
				type = "u64",
				doc = "Heartbeat or signal quality errors." },
					{ name = "tx_window_errors", label = "tx_window_errors", size = 8,
				type = "u64",
				doc = "Frames not sent for a late collision." },
					{ name = "rx_compressed", label = "rx_compressed", size = 8,
				type = "u64",
				doc = "Compressed packets received." },
					{ name = "tx_compressed", label = "tx_compressed", size = 8,
				type = "u64",
				doc = "Compressed packets sent." },
					{ name = "rx_nohandler", label = "rx_nohandler", size = 8,
				type = "u64",
				doc = "Packets received on an inactive interface." },
					{ name = "rx_otherhost_dropped", label = "rx_otherhost_dropped", size = 8,
				type = "u64",
				doc = "Packets dropped because they were for another host." },
				},
				doc = "Counters.",
			},
			[8] = {
				name = "ifbrd",
				label = "IFBRD",
				abbr = "nl_util.netdev.ifbrd",
				type = "mac",
				doc = "Broadcast address.",
			},
			[9] = {
				name = "ifmac",
				label = "IFMAC",
				abbr = "nl_util.netdev.ifmac",
				type = "mac",
				doc = "Hardware address.",
			},
			[10] = {
				name = "link",
				label = "LINK",
				abbr = "nl_util.netdev.link",
				type = "u32",
				doc = "Index of the interface that this one stands on, or of a veth's peer; with link-netnsid, in that namespace.",
			},
			[11] = {
				name = "master",
				label = "MASTER",
				abbr = "nl_util.netdev.master",
				type = "u32",
				doc = "Index of the bridge, bond or team that this one is a port of.",
			},
			[12] = {
				name = "kind",
				label = "KIND",
				abbr = "nl_util.netdev.kind",
				type = "string",
				doc = "What made it: dummy, veth, bridge, vlan. Absent for the device of a driver.",
			},
			[13] = {
				name = "ifalias",
				label = "IFALIAS",
				abbr = "nl_util.netdev.ifalias",
				type = "string",
				doc = "A text that an administrator gave it.",
			},
			[14] = {
				name = "perm_mac",
				label = "PERM_MAC",
				abbr = "nl_util.netdev.perm_mac",
				type = "mac",
				doc = "Hardware address that the device was made with.",
			},
			[15] = {
				name = "min_mtu",
				label = "MIN_MTU",
				abbr = "nl_util.netdev.min_mtu",
				type = "u32",
				doc = "Least MTU in bytes. Absent where none is set.",
			},
			[16] = {
				name = "max_mtu",
				label = "MAX_MTU",
				abbr = "nl_util.netdev.max_mtu",
				type = "u32",
				doc = "Greatest MTU in bytes. Absent where none is set.",
			},
			[17] = {
				name = "carrier",
				label = "CARRIER",
				abbr = "nl_util.netdev.carrier",
				type = "u8",
				doc = "1 if the device has a carrier, else 0.",
			},
			[18] = {
				name = "ifi_flags",
				label = "IFI_FLAGS",
				abbr = "nl_util.netdev.ifi_flags",
				type = "u32",
				flags = {
					{ bit = 0, name = "up", label = "UP", doc = "Interface is administratively up." },
					{ bit = 1, name = "broadcast", label = "BROADCAST", doc = "Broadcast address is valid." },
					{ bit = 2, name = "debug", label = "DEBUG", doc = "Debugging is on." },
					{ bit = 3, name = "loopback", label = "LOOPBACK", doc = "Is a loopback interface." },
					{ bit = 4, name = "pointopoint", label = "POINTOPOINT", doc = "Is a point-to-point link." },
					{ bit = 5, name = "notrailers", label = "NOTRAILERS", doc = "Avoid use of trailers." },
					{ bit = 6, name = "running", label = "RUNNING", doc = "Resources are allocated and the operational state is up." },
					{ bit = 7, name = "noarp", label = "NOARP", doc = "No ARP protocol." },
					{ bit = 8, name = "promisc", label = "PROMISC", doc = "Receives all packets." },
					{ bit = 9, name = "allmulti", label = "ALLMULTI", doc = "Receives all multicast packets." },
					{ bit = 10, name = "master", label = "MASTER", doc = "Master of a load balancer." },
					{ bit = 11, name = "slave", label = "SLAVE", doc = "Slave of a load balancer." },
					{ bit = 12, name = "multicast", label = "MULTICAST", doc = "Supports multicast." },
					{ bit = 13, name = "portsel", label = "PORTSEL", doc = "Can select a media type." },
					{ bit = 14, name = "automedia", label = "AUTOMEDIA", doc = "Media type selection is automatic." },
					{ bit = 15, name = "dynamic", label = "DYNAMIC", doc = "Addresses are lost when the interface goes down." },
					{ bit = 16, name = "lower_up", label = "LOWER_UP", doc = "The driver signals layer 1 up." },
					{ bit = 17, name = "dormant", label = "DORMANT", doc = "The driver signals dormant." },
					{ bit = 18, name = "echo", label = "ECHO", doc = "Echoes sent packets." },
				},
				doc = "What dev_get_flags() makes of net_device.flags, which `ip` shows.",
			},
			[19] = {
				name = "link_netnsid",
				label = "LINK_NETNSID",
				abbr = "nl_util.netdev.link_netnsid",
				type = "s32",
				doc = "Number, in the caller's network namespace, of the namespace that link is in, if it is another one.",
			},
		} },
	},
})
