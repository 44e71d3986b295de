-- SPDX-License-Identifier: GPL-2.0-or-later
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
