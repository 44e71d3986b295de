-- SPDX-License-Identifier: GPL-2.0-or-later
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
