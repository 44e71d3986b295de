-- SPDX-License-Identifier: GPL-2.0-or-later
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
