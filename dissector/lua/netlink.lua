-- SPDX-License-Identifier: GPL-2.0-or-later
-- The frame at hand: its bytes, and the netlink messages in it. Wireshark hands a
-- generic netlink dissector the bytes behind the netlink header alone, so the frame
-- is read here once, before Wireshark's own dissector of netlink.

local nl = ...
local bytes = nl.bytes
local byte = string.byte

local netlink = {
	COOKED = 16, -- the header of LINKTYPE_NETLINK: packet type, ARPHRD, …, protocol
	HEADER = 16, -- struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence, u32 port
	GENL_HEADER = 4, -- struct genlmsghdr: u8 command, u8 version, u16 reserved

	CONNECTOR = 11, -- NETLINK_CONNECTOR
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

-- NETLINK_KOBJECT_UEVENT: its datagrams are texts.
local UEVENT = 15

local COOKED, HEADER, MIN_TYPE = netlink.COOKED, netlink.HEADER, netlink.MIN_TYPE
local TO_USER, TO_KERNEL = netlink.TO_USER, netlink.TO_KERNEL

-- Bits of nlmsg_flags.
local FLAGS = {
	REQUEST = 0x1, MULTI = 0x2, ACK = 0x4, DUMP_INTR = 0x10,
	ROOT = 0x100, MATCH = 0x200, -- both together ask for a dump
	CAPPED = 0x100, ACK_TLVS = 0x200, -- of NLMSG_ERROR and NLMSG_DONE
}

function netlink.has(flags, name)
	local bit = FLAGS[name]
	return flags % (2 * bit) >= bit
end

-- The frame at hand. `tvb` and `raw` have all bytes that were captured; `count`
-- messages stand in the lists, each at its place: where its header begins, what the
-- header says, and what a family's dissector made of it. The lists are the same for
-- every frame: making them anew would cost as much as reading. `behind` are the bytes after the
-- last message, which begin at `stop`.
local frame = {
	number = 0, count = 0, left = 0, raw = "", big = false, protocol = 0, packet_type = 0, behind = 0, stop = 0,
	at = {}, length = {}, type = {}, flags = {}, sequence = {}, port = {},
	family = {}, operation = {}, info = {},
}
netlink.frame = frame

-- Whether the numbers of a netlink message are big-endian. Nobody says it: the
-- length makes sense in one order only, since no message has more than 2^24 bytes.
function netlink.is_big_endian(header, left)
	local little = bytes.u32(header, 0, false)
	local big = bytes.u32(header, 0, true)
	local function fits(length)
		return length >= HEADER and length <= left
	end
	if fits(little) ~= fits(big) then
		return fits(big)
	end
	return big < little
end

local ats, lengths, types, flags_of = frame.at, frame.length, frame.type, frame.flags
local sequences, ports = frame.sequence, frame.port
local families, operations, infos = frame.family, frame.operation, frame.info

-- Reads the netlink headers of a frame, as far as they were captured; `raw` are the
-- bytes of `tvb`.
function netlink.read(tvb, raw)
	local captured = #raw
	frame.tvb, frame.raw, frame.count, frame.next, frame.behind = tvb, raw, 0, 1, 0
	if captured < COOKED + HEADER then
		frame.big, frame.protocol, frame.packet_type = false, 0, 0
		return
	end
	local t1, t2 = byte(raw, 1, 2)
	-- The protocol, and the first header.
	local p1, p2, l1, l2, l3, l4, k1, k2, f1, f2, s1, s2, s3, s4, o1, o2, o3, o4 = byte(raw, 15, 32)
	frame.packet_type, frame.protocol = t1 * 256 + t2, p1 * 256 + p2
	if p2 == UEVENT and p1 == 0 then
		return
	end
	-- A length below 64 KiB that makes sense as it is, and none the other way round.
	local length = l1 + l2 * 256
	local little = l3 == 0 and l4 == 0 and l1 > 0 and length >= HEADER and length <= captured - COOKED
	local big = not little
		and netlink.is_big_endian(raw:sub(COOKED + 1, COOKED + HEADER), tvb:reported_len() - COOKED)
	frame.big = big
	local count, at = 0, COOKED
	repeat
		if big then
			length, types[count + 1], flags_of[count + 1] =
				bytes.u32(raw, at, true), bytes.u16(raw, at + 4, true), bytes.u16(raw, at + 6, true)
			sequences[count + 1], ports[count + 1] = bytes.u32(raw, at + 8, true), bytes.u32(raw, at + 12, true)
		else
			if count > 0 then
				l1, l2, l3, l4, k1, k2, f1, f2, s1, s2, s3, s4, o1, o2, o3, o4 = byte(raw, at + 1, at + HEADER)
			end
			length = l1 + l2 * 256 + l3 * 65536 + l4 * 16777216
			types[count + 1], flags_of[count + 1] = k1 + k2 * 256, f1 + f2 * 256
			sequences[count + 1] = s1 + s2 * 256 + s3 * 65536 + s4 * 16777216
			ports[count + 1] = o1 + o2 * 256 + o3 * 65536 + o4 * 16777216
		end
		if length < HEADER then
			break
		end
		count = count + 1
		ats[count], lengths[count] = at, length
		families[count], operations[count], infos[count] = false, false, false
		at = at + length + -length % 4
	until at + HEADER > captured
	frame.count = count
	if at < captured and count > 0 then
		local reported = tvb:reported_len()
		-- Where the capture was cut, it may be the beginning of a message.
		if at + HEADER <= captured or captured == reported then
			frame.behind, frame.stop = reported - at, at
		end
	end
end

-- What nearly all frames of protocols but generic netlink have: one whole message, in the order of a
-- little-endian machine, that is neither netlink's own nor a request nor of a dump that
-- was interrupted. Returns its protocol, sequence number, port, type and flags; nil for
-- anything else. Making the frame's lists takes as long again.
function netlink.plain(raw)
	local size = #raw
	if size < COOKED + HEADER then
		return nil
	end
	local p1, p2, l1, l2, l3, l4, k1, k2, f1, f2, s1, s2, s3, s4, o1, o2, o3, o4 = byte(raw, 15, 32)
	local length = l1 + l2 * 256 + l3 * 65536
	if l4 ~= 0 or length + -length % 4 ~= size - COOKED or (k1 < MIN_TYPE and k2 == 0) then
		return nil
	end
	local packet_type = byte(raw, 2)
	if f1 % 32 >= 16 or packet_type == TO_KERNEL or (f1 % 2 == 1 and packet_type ~= TO_USER) then
		return nil
	end
	return p1 * 256 + p2, s1 + s2 * 256 + s3 * 65536 + s4 * 16777216,
		o1 + o2 * 256 + o3 * 65536 + o4 * 16777216, k1 + k2 * 256, f1 + f2 * 256
end

-- Forgets the buffer, which is gone after its frame. The lists stay for the taps.
function netlink.leave()
	frame.tvb, frame.left, frame.count = nil, frame.count, 0
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

-- Whether a message of the frame goes to the kernel, by what the recorder wrote,
-- else by its flag.
function netlink.is_request(i)
	local packet_type = frame.packet_type
	if packet_type == TO_USER then
		return false
	end
	return packet_type == TO_KERNEL or flags_of[i] % 2 == 1 -- REQUEST
end

-- The message of the frame whose payload is `tvb`, counted from one.
function netlink.index_of(tvb)
	if frame.count == 1 then
		return 1
	end
	local at = tvb:offset() - frame.tvb:offset() - HEADER
	-- Wireshark goes through them in order.
	for i = frame.next, frame.count do
		if frame.at[i] == at then
			frame.next = i + 1
			return i
		end
	end
end

return netlink
