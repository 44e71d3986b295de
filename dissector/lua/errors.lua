-- SPDX-License-Identifier: GPL-2.0-or-later
-- NLMSG_ERROR and NLMSG_DONE: the errno, and what the kernel says beside it
-- (enum nlmsgerr_attrs of linux/netlink.h).

local nl = ...
local bytes, netlink = nl.bytes, nl.netlink

local errors = {}

-- asm-generic/errno.h, and the one that the kernel lets out though it should not.
local NUMBERS = {
	EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6, E2BIG = 7, ENOEXEC = 8,
	EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14, ENOTBLK = 15,
	EBUSY = 16, EEXIST = 17, EXDEV = 18, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22,
	ENFILE = 23, EMFILE = 24, ENOTTY = 25, ETXTBSY = 26, EFBIG = 27, ENOSPC = 28, ESPIPE = 29,
	EROFS = 30, EMLINK = 31, EPIPE = 32, EDOM = 33, ERANGE = 34, EDEADLK = 35, ENAMETOOLONG = 36,
	ENOLCK = 37, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40, ENOMSG = 42, EIDRM = 43, ECHRNG = 44,
	EL2NSYNC = 45, EL3HLT = 46, EL3RST = 47, ELNRNG = 48, EUNATCH = 49, ENOCSI = 50, EL2HLT = 51,
	EBADE = 52, EBADR = 53, EXFULL = 54, ENOANO = 55, EBADRQC = 56, EBADSLT = 57, EBFONT = 59,
	ENOSTR = 60, ENODATA = 61, ETIME = 62, ENOSR = 63, ENONET = 64, ENOPKG = 65, EREMOTE = 66,
	ENOLINK = 67, EADV = 68, ESRMNT = 69, ECOMM = 70, EPROTO = 71, EMULTIHOP = 72, EDOTDOT = 73,
	EBADMSG = 74, EOVERFLOW = 75, ENOTUNIQ = 76, EBADFD = 77, EREMCHG = 78, ELIBACC = 79,
	ELIBBAD = 80, ELIBSCN = 81, ELIBMAX = 82, ELIBEXEC = 83, EILSEQ = 84, ERESTART = 85,
	ESTRPIPE = 86, EUSERS = 87, ENOTSOCK = 88, EDESTADDRREQ = 89, EMSGSIZE = 90, EPROTOTYPE = 91,
	ENOPROTOOPT = 92, EPROTONOSUPPORT = 93, ESOCKTNOSUPPORT = 94, EOPNOTSUPP = 95, EPFNOSUPPORT = 96,
	EAFNOSUPPORT = 97, EADDRINUSE = 98, EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101,
	ENETRESET = 102, ECONNABORTED = 103, ECONNRESET = 104, ENOBUFS = 105, EISCONN = 106,
	ENOTCONN = 107, ESHUTDOWN = 108, ETOOMANYREFS = 109, ETIMEDOUT = 110, ECONNREFUSED = 111,
	EHOSTDOWN = 112, EHOSTUNREACH = 113, EALREADY = 114, EINPROGRESS = 115, ESTALE = 116,
	EUCLEAN = 117, ENOTNAM = 118, ENAVAIL = 119, EISNAM = 120, EREMOTEIO = 121, EDQUOT = 122,
	ENOMEDIUM = 123, EMEDIUMTYPE = 124, ECANCELED = 125, ENOKEY = 126, EKEYEXPIRED = 127,
	EKEYREVOKED = 128, EKEYREJECTED = 129, EOWNERDEAD = 130, ENOTRECOVERABLE = 131, ERFKILL = 132,
	EHWPOISON = 133, ENOTSUPP = 524,
}

-- enum ipset_errno of linux/netfilter/ipset/ip_set.h: from 4096 on, which no errno has.
local IPSET = {
	"PRIVATE", "PROTOCOL", "FIND_TYPE", "MAX_SETS", "BUSY", "EXIST_SETNAME2", "TYPE_MISMATCH", "EXIST",
	"INVALID_CIDR", "INVALID_NETMASK", "INVALID_FAMILY", "TIMEOUT", "REFERENCED", "IPADDR_IPV4",
	"IPADDR_IPV6", "COUNTER", "COMMENT", "INVALID_MARKMASK", "SKBINFO", "BITMASK_NETMASK_EXCL",
}

-- Names by what stands on the wire, which is negative.
errors.names = {}
for name, number in pairs(NUMBERS) do
	errors.names[-number] = name
end
for i, name in ipairs(IPSET) do
	errors.names[-(4095 + i)] = "IPSET_ERR_" .. name
end

local MSG, OFFS, COOKIE, POLICY, MISS_TYPE, MISS_NEST = 1, 2, 3, 4, 5, 6

-- Attributes of a policy (enum netlink_policy_type_attr), as the fields name them.
errors.POLICY = {
	[1] = "type", [2] = "min_value_s", [3] = "max_value_s", [4] = "min_value_u", [5] = "max_value_u",
	[6] = "min_length", [7] = "max_length", [8] = "index", [9] = "maxtype", [10] = "bitfield32_mask",
	[12] = "mask",
}

-- Calls `each` for the attributes between two offsets, as long as they make sense.
local function walk(raw, at, stop, big, each)
	stop = math.min(stop, #raw)
	while at + 4 <= stop do
		local length = bytes.u16(raw, at, big)
		if length < 4 or at + length > stop then
			return false
		end
		if each(at, bytes.u16(raw, at + 2, big) % 0x4000, at + 4, at + length) then
			return true
		end
		at = at + bytes.align(length)
	end
	return at >= stop
end

-- Takes an error or the end of a dump apart. `raw` begins with its netlink header,
-- and may be cut. Offsets in what is returned count from there.
function errors.parse(raw, header, big)
	local is_error = header.type == netlink.ERROR
	local stop = math.min(header.length, #raw)
	local found = { attrs = {} }
	if stop < 20 then
		return found
	end
	found.errno = bytes.signed(raw, 16, 4, big)
	found.name = errors.names[found.errno]
	local at = 20
	if is_error then
		if stop < 36 then
			return found
		end
		found.original = netlink.header(raw, 20, big)
		found.capped = netlink.has(header.flags, "CAPPED")
		at = 36
		if not found.capped then
			-- A length that cannot be leaves nothing behind it.
			at = 20 + bytes.align(math.max(found.original.length, 16))
			found.copy = raw:sub(21, math.min(20 + found.original.length, stop))
			found.copy = #found.copy == found.original.length and found.copy or nil
		end
	end
	if not netlink.has(header.flags, "ACK_TLVS") then
		return found
	end
	found.sound = at <= header.length and walk(raw, at, header.length, big, function(_, kind, from, to)
		local size = to - from
		if kind == MSG then
			found.text = bytes.text(raw, from, to)
		elseif kind == OFFS and size == 4 then
			found.offset = bytes.u32(raw, from, big)
		elseif kind == MISS_TYPE and size == 4 then
			found.missing_type = bytes.u32(raw, from, big)
		elseif kind == MISS_NEST and size == 4 then
			found.missing_nest = bytes.u32(raw, from, big)
		elseif kind == POLICY then
			found.policy = {}
			walk(raw, from, to, big, function(_, part, value, ends)
				if errors.POLICY[part] and (ends - value == 4 or ends - value == 8) then
					found.policy[#found.policy + 1] = { name = errors.POLICY[part], at = value, size = ends - value }
				end
			end)
		end
		if size > 0 then
			found.attrs[kind] = { at = from, size = size }
		end
	end)
	-- A message that the capture cut is not the kernel's fault.
	found.malformed = not found.sound and #raw >= header.length
	return found
end

errors.KINDS = {
	MSG = MSG, OFFS = OFFS, COOKIE = COOKIE, POLICY = POLICY, MISS_TYPE = MISS_TYPE, MISS_NEST = MISS_NEST,
}

local function name_of(set, kind)
	local attr = set and set[kind]
	return attr and attr.name or string.format("%d", kind), attr and attr.set
end

-- The names from the top to the attribute that begins at `target`, and its set.
local function path(raw, big, at, stop, target, set, depth)
	local result, inner
	walk(raw, at, stop, big, function(from, kind, payload, ends)
		if target >= ends then
			return false
		end
		local name, below = name_of(set, kind)
		if target == from then
			result, inner = name, below
		elseif target >= payload and depth < 16 then
			local rest
			rest, inner = path(raw, big, payload, ends, target, below, depth + 1)
			result = rest and name .. "." .. rest
		end
		return true
	end)
	return result, inner
end

-- What stands at an offset of a request: "netdev.ifindex", by numbers where no
-- specification has names; and the set of what is in it.
local function attribute_at(exchange, raw, target)
	if not raw or target < 16 or target + 4 > #raw then
		return nil
	end
	if exchange.protocol == netlink.GENERIC then
		local family = exchange.family
		local operation = exchange.operation or family and family.common
		local fixed = operation and operation.header and family.fixed[operation.header]
		local start = 16 + netlink.GENL_HEADER + (fixed and fixed.span or 0)
		local found, set = path(raw, exchange.big, start, #raw, target, operation and operation.set, 0)
		if found then
			return found, set
		end
	end
	return string.format("%d", bytes.u16(raw, target + 2, exchange.big) % 0x4000)
end

-- Names the attributes that an error is about, from the request that it answers:
-- its bytes, where they were kept, and what it asked for.
function errors.explain(found, kept, exchange)
	local raw = found.copy or kept
	if found.offset then
		found.bad = attribute_at(exchange, raw, found.offset)
	end
	if found.missing_type then
		local set, prefix = exchange.operation and exchange.operation.set, ""
		if found.missing_nest then
			local nest
			nest, set = attribute_at(exchange, raw, found.missing_nest)
			prefix = nest and nest .. "." or ""
		end
		found.missing = prefix .. name_of(set, found.missing_type)
	end
end

return errors
