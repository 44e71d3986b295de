-- SPDX-License-Identifier: GPL-2.0-or-later
-- The frame around a message. Wireshark hands a generic netlink dissector the
-- bytes behind the netlink header alone; the header stands before them in the same
-- frame, and the frame is where the field `netlink.hatype` comes from.

local nl = ...
local bytes = nl.bytes

local netlink = {
	COOKED = 16, -- struct sockaddr_nl's stand-in: the header of LINKTYPE_NETLINK
	HEADER = 16, -- struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence, u32 port
	GENL_HEADER = 4, -- struct genlmsghdr: u8 command, u8 version, u16 reserved
	NLA_HEADER = 4, -- struct nlattr: u16 length, u16 type

	GENERIC = 16, -- NETLINK_GENERIC

	-- Message types below this are netlink's own.
	MIN_TYPE = 16,
	ERROR = 2,
	DONE = 3,

	-- What LINKTYPE_NETLINK calls a packet type, where a recorder knows it: nlmon
	-- itself leaves 4, outgoing, in every frame.
	TO_USER = 6,
	TO_KERNEL = 7,
}

-- Bits of nlmsg_flags.
local FLAGS = {
	REQUEST = 0x1, MULTI = 0x2, ACK = 0x4, DUMP_INTR = 0x10,
	ROOT = 0x100, MATCH = 0x200, -- both together ask for a dump
	CAPPED = 0x100, ACK_TLVS = 0x200, -- of NLMSG_ERROR and NLMSG_DONE
}

function netlink.has(flags, name)
	return math.floor(flags / FLAGS[name]) % 2 == 1
end

local hatype = Field.new("netlink.hatype")

-- The bytes of the frame at hand, and where its cooked header begins; nothing
-- where the frame is not netlink's.
function netlink.frame()
	local info = hatype()
	if not info then
		return nil
	end
	return info.source, info.offset - 2
end

-- Whether the bytes of a frame are netlink's, by their form. Wireshark's first pass
-- over a file may make no tree, and no field has a value then.
function netlink.looks_like(tvb)
	if tvb:len() < netlink.COOKED + netlink.HEADER then
		return false
	end
	local raw = tvb:raw(0, netlink.COOKED + netlink.HEADER)
	-- Packet type below 8, ARPHRD_NETLINK, ten bytes of no address, a protocol.
	local zero, packet_type = raw:byte(1, 2)
	local high, protocol = raw:byte(15, 16)
	if zero ~= 0 or packet_type > 7 or high ~= 0 or protocol > 31
		or raw:sub(3, 14) ~= "\3\56" .. ("\0"):rep(10) then
		return false
	end
	local left = tvb:reported_len() - netlink.COOKED
	local big = netlink.is_big_endian(raw:sub(netlink.COOKED + 1), left)
	local length = bytes.u32(raw, netlink.COOKED, big)
	return length >= netlink.HEADER and length <= left
end

-- Whether the numbers of a netlink message are big-endian. Nobody says it: the
-- length makes sense in one order only, since no message has more than 2^24 bytes.
function netlink.is_big_endian(header, left)
	local little = bytes.u32(header, 0, false)
	local big = bytes.u32(header, 0, true)
	local function fits(length)
		return length >= netlink.HEADER and length <= left
	end
	if fits(little) ~= fits(big) then
		return fits(big)
	end
	return big < little
end

-- Takes struct nlmsghdr apart.
function netlink.header(raw, at, big)
	return {
		length = bytes.u32(raw, at, big),
		type = bytes.u16(raw, at + 4, big),
		flags = bytes.u16(raw, at + 6, big),
		sequence = bytes.u32(raw, at + 8, big),
		port = bytes.u32(raw, at + 12, big),
	}
end

-- Whether a message goes to the kernel, by what the recorder wrote, else by its flag.
function netlink.is_request(flags, packet_type)
	if packet_type == netlink.TO_USER then
		return false
	end
	return packet_type == netlink.TO_KERNEL or netlink.has(flags, "REQUEST")
end

-- The netlink header before the message in `tvb`: its flags, whether it is a
-- request, the byte order, and where in the frame the message begins.
function netlink.around(tvb)
	local source, cooked = netlink.frame()
	local at = source and tvb:offset() - source:offset()
	if not at or at < cooked + netlink.COOKED + netlink.HEADER then
		return nil
	end
	local raw = source:raw(at - netlink.HEADER, netlink.HEADER)
	local left = source:reported_len() - at + netlink.HEADER
	local big = netlink.is_big_endian(raw, left)
	local flags = bytes.u16(raw, 6, big)
	local packet_type = bytes.u16(source:raw(cooked, 2), 0, true)
	return {
		big = big,
		flags = flags,
		type = bytes.u16(raw, 4, big),
		is_request = netlink.is_request(flags, packet_type),
		at = at,
	}
end

return netlink
