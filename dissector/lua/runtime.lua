-- SPDX-License-Identifier: GPL-2.0-or-later
-- One generic netlink message by its family, and the registration of families.

local nl = ...
local bytes, netlink, fields = nl.bytes, nl.netlink, nl.fields
local values, attributes, shapes, interest = nl.values, nl.attributes, nl.shapes, nl.interest

local runtime = { families = {} }

local frame = netlink.frame
local HEADER, GENL_HEADER = netlink.HEADER, netlink.GENL_HEADER
local byte = string.byte

local UNKNOWN = {}

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
		return UNKNOWN, "header" .. (context.malformed and ", malformed" or ", cut by the capture")
	end
	local command = byte(raw, at + 1)
	local operation = (is_request and family.requests or family.replies)[command]
	at = at + GENL_HEADER
	local fixed = operation and operation.header and family.fixed[operation.header]
	if fixed then
		context.seen[fixed] = true
		context.irregular = true
		at = at + fixed.size
		if at > stop then
			context.odd, context.malformed = true, true
		end
	end
	attributes.scan(context, operation and operation.set, at, stop, 0)
	if not operation then
		context.odd = true
		return UNKNOWN, info_of({ label = string.format("command %d", command) }, is_request, context)
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
	local item = root:add(own.cmd, tvb(at, 1))
	if context.visible and context.family.replies ~= context.family.requests and operation ~= UNKNOWN then
		item:append_text(" (" .. operation.label .. ")")
	end
	root:add(own.version, tvb(at + 1, 1))
	local add = context.big and root.add or root.add_le
	add(root, own.reserved, tvb(at + 2, 2))
end

-- The struct that some families have between the two headers and the attributes.
local function add_fixed(context, root, fixed)
	local at = context.at + GENL_HEADER
	local left = math.min(context.stop, #context.raw) - at
	if fixed and left > 0 then
		local _, more = values.add(context, root, fixed, at, math.min(left, fixed.size))
		more()
	end
end

local function add_root(context, tree)
	local size = math.min(context.stop, #context.raw) - context.at
	return tree:add(context.family.proto, context.tvb(context.at, size))
end

local function build(context, tree, operation, info)
	local family = context.family
	local root = add_root(context, tree)
	if context.visible then
		root:set_text(family.name .. ": " .. info)
	end
	if math.min(context.stop, #context.raw) - context.at < GENL_HEADER then
		root:add_proto_expert_info(family.experts[context.malformed and "malformed" or "partial"],
			"The generic netlink header is not whole")
		return
	end
	add_headers(context, root, operation)
	if operation == UNKNOWN then
		root:add_proto_expert_info(family.experts.unknown,
			string.format("The specification has no command %d", byte(context.raw, context.at + 1)))
	end
	local at = context.at + GENL_HEADER
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

-- What filters ask for, from the places that the message's shape knows.
local function add_places(context, tree, shape)
	local root = add_root(context, tree)
	local raw, start = context.raw, context.at
	for attr in pairs(context.wanted) do
		local places = shape.places[attr]
		for i = 1, #places, 2 do
			local at, size = start + places[i], places[i + 1]
			if attr.is_text then
				local low, high = byte(raw, at + 1, at + 2)
				size = low + high * 256 - 4
			end
			attributes.add(context, root, attr, at, size)
		end
	end
end

-- Whether something stands at places that a shape does not know.
local function needs_all(wanted, shape)
	return wanted == true or shape.irregular
end

-- What is asked for of a message, kept with its shape for as long as that holds.
local function wanted_of(family, message, tree)
	local pass = interest.pass()
	if not pass or message.pass ~= pass then
		message.pass, message.wanted_in_pass = pass, attributes.wanted(family, message.seen, tree)
	end
	return message.wanted_in_pass
end

--------------------------------------------------------------------------------
-- Dissecting

-- The handle that says whether anything of a family is asked for.
local function handle_of(family)
	family.handle = family.handle or Dissector.get(family.abbr)
	return family.handle
end

-- A message of a shape that is known: what it says, read at the places that matter.
local function glance(family, shape, tvb, raw, at)
	if shape.info then
		return shape.info
	end
	local context = family.scratch
	context.tvb, context.raw = tvb, raw
	local texts = {}
	for i, piece in ipairs(shape.pieces) do
		local from, size = at + piece.at, piece.size
		if piece.attr.is_text then
			local low, high = byte(raw, from - 3, from - 2)
			size = low + high * 256 - 4
		end
		texts[i] = attributes.tell(context, piece.attr, from, from + size)
	end
	return shape.label .. table.concat(texts, ", ")
end

-- Keeps the shape of a message that was read in full.
local function learn(context, operation, cache, is_request, info)
	local shape = shapes.learn(cache, context)
	local more = count_of(operation, is_request, context)
	if more or not context.pieces[1] then
		shape.info = info
		return
	end
	shape.label, shape.pieces = label_of(operation, is_request) .. ", ", {}
	for i, piece in ipairs(context.pieces) do
		shape.pieces[i] = { attr = piece.attr, at = piece.at - context.at, size = piece.ends - piece.at }
	end
end

-- Dissects one message: the bytes of `raw` from `at` to `stop`, which `tvb` has too.
-- Returns its operation and what it says.
function runtime.message(family, tvb, raw, big, at, stop, is_request, tree, visible)
	local operation = (is_request and family.requests or family.replies)[byte(raw, at + 1)]
	local cache, shape
	local may_have_shape = operation and not big and stop <= #raw
	if may_have_shape then
		cache = is_request and operation.asking or operation.answering
		shape = shapes.of(cache, raw, at, stop - at)
	end
	local context, info
	if shape then
		info = glance(family, shape, tvb, raw, at)
	else
		context = attributes.context(family, tvb, raw, big, at, stop)
		context.heads = may_have_shape and shapes.may_learn(cache, stop - at) and {} or nil
		operation, info = scan(context, is_request)
		if context.heads and not context.odd then
			learn(context, operation, cache, is_request, info)
		end
	end

	if not visible and not (context and context.odd) then
		if not interest.in_protocol(tree, handle_of(family)) then
			return operation, info
		end
		local wanted = wanted_of(family, shape or context, tree)
		if not wanted or (shape and not needs_all(wanted, shape)) then
			context = context or family.scratch
			context.tvb, context.raw, context.at, context.stop = tvb, raw, at, stop
			context.wanted = wanted or {}
			if shape then
				add_places(context, tree, shape)
			else
				add_root(context, tree)
			end
			return operation, info
		end
		context = context or attributes.context(family, tvb, raw, big, at, stop)
		context.wanted = wanted ~= true and wanted or nil
	end
	context = context or attributes.context(family, tvb, raw, big, at, stop)
	context.visible = visible
	build(context, tree, operation, info)
	return operation, info
end

-- The message of the frame at hand that is the `i`th.
function runtime.of_frame(family, i, tree)
	local at = frame.at[i]
	frame.family[i] = family
	local stop = at + frame.length[i]
	local operation, info = runtime.message(family, frame.tvb, frame.raw, frame.big, at + HEADER, stop,
		netlink.is_request(i), tree, frame.visible)
	frame.operation[i], frame.info[i] = operation ~= UNKNOWN and operation, info
end

-- The family whose id the preferences give, for a capture in which nothing names it.
local by_id = {}
function runtime.preferred(id)
	return by_id[id]
end

-- Reads the preferences; they may change whenever a file is opened.
function runtime.begin()
	by_id = {}
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
