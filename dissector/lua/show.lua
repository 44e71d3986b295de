-- SPDX-License-Identifier: GPL-2.0-or-later
-- What is known of a frame's messages, in the tree and in the columns.

local nl = ...
local bytes, errors, frame = nl.bytes, nl.errors, nl.netlink.frame
local proto, fields, experts = nl.exchange_fields.proto, nl.exchange_fields.fields, nl.exchange_fields.experts

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
	local request = entry.request
	local label = tell(entry) or (label_of(request) and label_of(request) .. " " .. entry.role) or entry.role
	local item = root:add(frame.tvb(entry.at, 0), label)
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
		if request.ambiguous or request.echoed and entry.role == "answer" then
			add(item, fields.ambiguous, true)
		end
	end
	if entry.error then
		add_error(item, entry, frame.tvb, entry.at, frame.big)
	end
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
			family = family or (entry.request and entry.request.family)
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
	local cols = pinfo.cols
	cols.info = text
	if family then
		cols.protocol = family.name
	end
end

return show
