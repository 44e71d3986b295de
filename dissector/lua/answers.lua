-- SPDX-License-Identifier: GPL-2.0-or-later
-- What can answer what, by the types and flags of both: docs/show.md has the rule, and
-- captures/src/messages/answers.rs the same for nlcap.

local nl = ...
local netlink, verb_of = nl.netlink, nl.flags.verb
local has, ERROR, DONE, MIN_TYPE, GENERIC = netlink.has, netlink.ERROR, netlink.DONE, netlink.MIN_TYPE, netlink.GENERIC

local answers = {}

local ROUTE, SOCK_DIAG, XFRM, AUDIT, NETFILTER, RDMA, CRYPTO = 0, 4, 6, 9, 12, 20, 21

-- Of rtnetlink one that sets, but is answered as its GET is.
local RTM_SETDCB = 79

local function set(...)
	local all = {}
	for _, one in ipairs({ ... }) do
		all[one] = true
	end
	return all
end

-- Of linux/xfrm.h: changes, and answers by their requests.
local XFRM_CHANGES = set(0x10, 0x11, 0x13, 0x14, 0x19, 0x1a, 0x1c, 0x1d)
local XFRM_ANSWERS = {
	[0x12] = 0x10, [0x15] = 0x13, [0x16] = 0x10, [0x1f] = 0x1e, [0x23] = 0x22, [0x25] = 0x24,
}

-- Subsystems of nfnetlink; what of conntrack changes, and answers of nf_tables by their
-- requests, of which all others change something.
local CTNETLINK, CTNETLINK_EXP, NFTABLES = 1, 2, 10
local CONNTRACK_CHANGES = set(0, 2)
local NFT_ANSWERS = {
	[1] = 0, [4] = 3, [7] = 6, [25] = 6, [10] = 9, [13] = 12, [33] = 12, [16] = 15, [19] = 18, [21] = 18, [23] = 22,
}

-- No dump, and its answer ends with a DONE all the same.
local AUDIT_LIST_RULES = 1013

local function asks(protocol, kind)
	return verb_of(protocol, kind) == "get"
end

local NOTHING, EXPECTED, POSSIBLE = 0, 1, 2

-- What a request may be answered with besides an error.
local function data_of(protocol, kind, flags)
	-- NLM_F_ECHO: its sender gets the notification in place of an answer.
	if flags % 16 >= 8 then
		return POSSIBLE
	elseif protocol == ROUTE and kind == RTM_SETDCB then
		return POSSIBLE
	elseif protocol == ROUTE or protocol == SOCK_DIAG then
		return asks(protocol, kind) and EXPECTED or NOTHING
	elseif protocol == XFRM then
		return XFRM_CHANGES[kind] and NOTHING or POSSIBLE
	elseif protocol == NETFILTER then
		local command = kind % 256
		local subsystem = (kind - command) / 256
		if subsystem == CTNETLINK or subsystem == CTNETLINK_EXP then
			return CONNTRACK_CHANGES[command] and NOTHING or EXPECTED
		elseif subsystem == NFTABLES then
			return NFT_ANSWERS[command] and EXPECTED or NOTHING
		elseif subsystem == 0 then
			return NOTHING
		end
	end
	return POSSIBLE
end

-- Whether an answer may have that type.
local function has_data_of(protocol, kind, flags, answer)
	if protocol == GENERIC then
		return answer == kind
	elseif protocol == ROUTE then
		if flags % 16 >= 8 then
			return answer - answer % 4 == kind - kind % 4
		end
		return answer == kind or answer == kind - kind % 4
	elseif protocol == XFRM then
		return XFRM_ANSWERS[kind] == nil or XFRM_ANSWERS[kind] == answer
	elseif protocol == NETFILTER then
		local command = kind % 256
		if answer - answer % 256 ~= kind - command then
			return false
		end
		if (kind - command) / 256 == NFTABLES and flags % 16 < 8 then
			return NFT_ANSWERS[command] == answer % 256
		end
		return true
	elseif protocol == SOCK_DIAG or protocol == AUDIT or protocol == CRYPTO or protocol == RDMA then
		return answer == kind
	end
	return true
end

-- Whether the kernel answers a request with all there are: to most protocols either bit of
-- NLM_F_DUMP will do.
function answers.is_dump(protocol, kind, flags)
	local root, match = has(flags, "ROOT"), has(flags, "MATCH")
	if not root and not match or flags % 2 == 0 or kind < MIN_TYPE then
		return false
	elseif protocol == ROUTE or protocol == NETFILTER or protocol == SOCK_DIAG then
		return asks(protocol, kind)
	elseif protocol == XFRM then
		return kind == 0x12 or kind == 0x15
	elseif protocol == CRYPTO then
		return kind == 0x13
	end
	return protocol == RDMA or root and match
end

-- Whether the kernel has to answer a request, in whatever way, also where all goes well.
function answers.is_owed(protocol, kind, flags)
	return has(flags, "ACK") or answers.is_dump(protocol, kind, flags) or data_of(protocol, kind, flags) == EXPECTED
end

-- Whether a message of the kernel can answer a request that has its number. `original` is
-- the header that an error repeats, and `multipart` says that parts of a longer answer
-- have come.
function answers.can_be(protocol, kind, flags, sent_port, answer, original, multipart)
	if answer == ERROR then
		return not original
			or original.type == kind and original.flags == flags and original.port == sent_port
	elseif answer == DONE then
		return answers.is_dump(protocol, kind, flags) or multipart or protocol == AUDIT and kind == AUDIT_LIST_RULES
	end
	return answer >= MIN_TYPE and data_of(protocol, kind, flags) ~= NOTHING
		and has_data_of(protocol, kind, flags, answer)
end

-- Whether a request's sender gets the notification of the change that it asks for, the
-- same bytes as others before.
function answers.is_echoed_change(protocol, kind, flags)
	return flags % 16 >= 8 and data_of(protocol, kind, flags - 8) == NOTHING
end

-- Whether requests of a protocol may be answered by several messages without
-- NLM_F_MULTI, as those for elements of nf_tables' sets.
function answers.has_several_unsaid(protocol)
	return protocol ~= ROUTE and protocol ~= XFRM and protocol ~= SOCK_DIAG
end

-- Whether the kernel answers in messages with port id 0.
function answers.from_zero(protocol)
	return protocol == AUDIT
end

return answers
