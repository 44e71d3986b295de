-- SPDX-License-Identifier: GPL-2.0-or-later
-- Registers a family with Wireshark, and dissects its messages by its tables.
--
-- Everything is local: from Wireshark 4.4 on all plugins share their globals.

local bytes, fields, values, attributes = ...

local runtime = {}

local NETLINK_HEADER = 16 -- struct nlmsghdr
local HEADER = 4 -- struct genlmsghdr: u8 command, u8 version, u16 reserved

local NLM_F_REQUEST = 0x1
local NLM_F_ROOT, NLM_F_MATCH = 0x100, 0x200

-- A field that stands once in each netlink frame, in front of all messages. Its
-- source is the whole frame: Wireshark hands a family neither the netlink header
-- nor its byte order, but they can be read there.
local in_frame = Field.new("netlink.hatype")

-- The flags of the message in `tvb`, and whether it is big-endian. This is the
-- one place that decides the byte order: the length in the netlink header is
-- right in one order only. Without a netlink header, that of most machines.
local function netlink_header(tvb)
	local at = tvb:offset() - NETLINK_HEADER
	local field = in_frame()
	local frame = field and field.source
	if not frame or at < 0 or at + NETLINK_HEADER > frame:len() then
		return nil, false
	end
	local length = tvb:reported_len() + NETLINK_HEADER
	local big = frame(at, 4):le_uint() ~= length and frame(at, 4):uint() == length
	local flags = frame(at + 6, 2)
	return big and flags:uint() or flags:le_uint(), big
end

-- Whether it asks or answers. nlmon does not tell, but the kernel's answers do
-- not carry NLM_F_REQUEST.
local function direction(flags, command)
	if not flags then
		return nil
	elseif bytes.has(flags, NLM_F_REQUEST) then
		local dumps = bytes.has(flags, NLM_F_ROOT) and bytes.has(flags, NLM_F_MATCH)
		return dumps and "dump request" or "request"
	end
	return command and command.async and "notification" or "answer"
end

-- The command by its number; in some families answers have numbers of their own.
local function find_command(family, number, is_request)
	local command = family.commands[number]
	if command and not is_request and command.answer then
		return command.answer
	end
	return command
end

local function add_fixed_header(context, root, header)
	local here = context.captured - HEADER
	if here < header.size then
		if here > 0 then
			values.rest(context, root, HEADER, here, nil, "malformed",
				("%d bytes are left, too few for the family's header"):format(here))
		end
		return nil
	end
	values.add_members(context, root, header.members, HEADER, header.size)
	return HEADER + header.size
end

-- The items of a message below `root`; returns its line.
local function dissect(context, root)
	local family, tvb = context.family, context.tvb
	local own = family.own
	if context.captured < HEADER then
		values.rest(context, root, 0, context.captured, nil, "malformed",
			"Too short for a generic netlink header")
		return "malformed"
	end
	local number = context.data:byte(1)
	local flags, big = netlink_header(tvb)
	context.big = big
	local word = direction(flags, family.commands[number])
	local command = find_command(family, number, word == "request" or word == "dump request")

	local item = values.add(context, root, own.cmd, 0, 1, big)
	values.add(context, root, own.version, 1, 1, big)
	values.add(context, root, own.reserved, 2, 2, big)
	local line = command and command.label or ("command %d"):format(number)
	if not command then
		values.note(context, root, item, "unknown",
			("The specification has no command %d"):format(number))
	elseif item and command.answer_of then
		item:append_text((" (%s)"):format(command.label))
	end
	line = word and line .. " " .. word or line

	local header = command and command.header and family.headers[command.header]
	local start = HEADER
	if header then
		start = add_fixed_header(context, root, header)
		if not start then
			return line
		end
	end
	local total = tvb:reported_len()
	local set = command and command.set or family.only_set
	local found = attributes.add_set(context, root, set, start, total - start, 0)
	local story = attributes.story(context, set, found)
	if not story and word == "answer" and total == start then
		story = command and command.empty or "empty"
	end
	return story and line .. ", " .. story or line
end

local function write_columns(context, pinfo, line)
	pinfo.cols.protocol = context.family.name
	-- The first message of a frame stands behind the cooked header, and what the
	-- column holds then is not about it.
	if context.tvb:offset() <= 2 * NETLINK_HEADER then
		pinfo.cols.info = line
	else
		pinfo.cols.info:append("; " .. line)
	end
end

-- Registers a family by its tables, once, however many files bring it.
function runtime.register(family)
	local key = "nl-dissector family " .. family.name
	if package.loaded[key] then
		return
	end
	local proto = Proto(family.abbr, family.title)
	fields.make(family)
	proto.fields = family.fields
	local experts = {}
	for _, made in pairs(family.experts) do
		experts[#experts + 1] = made
	end
	proto.experts = experts

	function proto.dissector(tvb, pinfo, tree)
		-- The family's own item is always there: a filter on the family alone
		-- does not count as a reference to it.
		local root = tree:add(proto, tvb())
		local context = {
			family = family,
			tvb = tvb,
			tree = tree,
			visible = tree.visible,
			captured = tvb:len(),
			data = tvb:raw(0, tvb:len()),
			big = false,
			wanted = {},
			items = 0,
		}
		-- A fault of ours is an item of the tree, never a Lua error on screen.
		local fine, line = pcall(dissect, context, root)
		if not fine then
			values.note(context, root, nil, "fault", tostring(line))
			line = "dissector failed"
		end
		if context.too_many then
			values.note(context, root, nil, "many")
		end
		if context.visible then
			root:set_text(("%s: %s"):format(family.name, line))
		end
		write_columns(context, pinfo, line)
		return tvb:len()
	end

	DissectorTable.get("genl.family"):add(family.name, proto)
	package.loaded[key] = proto
end

return runtime
