-- SPDX-License-Identifier: GPL-2.0-or-later
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
