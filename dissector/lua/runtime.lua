-- SPDX-License-Identifier: GPL-2.0-or-later
-- One generic netlink message by its family, and the registration of families.

local nl = ...
local bytes, netlink, fields = nl.bytes, nl.netlink, nl.fields
local values, attributes = nl.values, nl.attributes

local runtime = { families = {} }

local GENL_HEADER = netlink.GENL_HEADER

-- Info texts of a frame that are written out; what follows is counted.
local MAX_TOLD = 3

-- What was said of the frame at hand: the Info column, which Wireshark empties for
-- each message, and what each message was, by where it begins.
local told

function runtime.forget()
	told = nil
end

-- What was said of the frame of this number.
function runtime.told(number)
	if not told or told.frame ~= number then
		told = { frame = number, count = 0, messages = {} }
	end
	return told
end

local function tell(pinfo, info)
	local here = runtime.told(pinfo.number)
	here.count = here.count + 1
	if here.count == 1 then
		here.text, here.shown = info, info
	elseif here.count <= MAX_TOLD then
		here.text = here.text .. "; " .. info
		here.shown = here.text
	else
		here.shown = string.format("%s; %d more", here.text, here.count - MAX_TOLD)
	end
	pinfo.cols.info = here.shown
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
	if #raw > 0 then
		runtime.told(pinfo.number).messages[tvb:offset() - netlink.HEADER] = { family = family, command = raw:byte(1) }
	end
	tell(pinfo, info)

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

-- The family whose id the preferences give, for a capture in which nothing names it.
function runtime.preferred(id)
	for _, family in pairs(runtime.families) do
		if family.proto.prefs.id == id then
			return family
		end
	end
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
	proto.prefs.id = Pref.uint("Family id", 0,
		"The family's number in captures that do not name it; 0 for none")
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
