-- SPDX-License-Identifier: GPL-2.0-or-later
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
