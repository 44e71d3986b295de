-- SPDX-License-Identifier: GPL-2.0-or-later
-- Which answers belong to which request. An answer carries the request's sequence
-- number and the port id of the socket that asked; the request itself often carries
-- port 0, so its port is learnt from its first answer.

local nl = ...
local answers = nl.answers
local has, frame = nl.netlink.has, nl.netlink.frame
local MIN_TYPE, ERROR = nl.netlink.MIN_TYPE, nl.netlink.ERROR

local exchanges = {}

-- Requests of one sequence number that wait for an answer; those before them are
-- given up. Programs that use one number for ever are the reason.
local MAX_OPEN = 1024

-- Of requests whose sockets are not known, one that is older by so many seconds than
-- another is not asked for any more: the kernel answers while it is asked.
local STALE = 1

-- Messages of an answer that does not say that it has several come at once.
local AT_ONCE = 0.01

-- Requests that are not answered are kept in two generations of so many each; the elder
-- goes when the younger is full.
local GENERATION = 32768

-- A request's bytes, for the names in an error, are kept up to this length of its
-- frame.
local MAX_BYTES = 8192

-- Frames of answers that a request lists.
local MAX_LISTED = 16

-- What is shown of an exchange stays for the whole file, in a list: a table with
-- names takes six times the memory, and Lua's collector goes through all of it.
local FRAME, TIME, FAMILY, OPERATION, COUNT, DONE, ERROR_IN, ACK, FIRST, MORE, TYPE, AMBIGUOUS, ECHOED =
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
local ENDS = { done = DONE, error = ERROR_IN, ack = ACK }

-- The parts of what is shown, by name.
function exchanges.unpack(shown)
	local answers = {}
	if shown[FIRST] then
		answers[1] = shown[FIRST]
		for _, number in ipairs(shown[MORE] or {}) do
			answers[#answers + 1] = number
		end
	end
	return {
		frame = shown[FRAME], time = shown[TIME], family = shown[FAMILY] or nil,
		operation = shown[OPERATION] or nil, count = shown[COUNT], answers = answers,
		type = shown[TYPE], done = shown[DONE] or nil, error = shown[ERROR_IN] or nil, ack = shown[ACK] or nil,
		ambiguous = shown[AMBIGUOUS], echoed = shown[ECHOED],
	}
end

-- Requests by protocol and sequence number, in one number: a request, or a list of
-- several, oldest first. How many the younger generation has.
local young, old, born

function exchanges.reset()
	young, old, born = {}, {}, 0
end
exchanges.reset()

-- What is known of a request as long as it may be answered, in a list too; the first
-- is what is shown of it. `BIG`, `RAW`, `AT` and `LENGTH` are its bytes: those of its
-- frame, the byte order, and where in them it is. `PORT` is the port id of its socket, 0
-- where that is not known, and `SENT_PORT` what it says itself. `STATE` is false until it
-- is answered in full.
local SHOWN, KIND, FLAGS, PORT, OWNER, PROTOCOL, BIG, RAW, AT, LENGTH, STATE, LAST, SENT_PORT, IS_CLAIMED, MULTIPART, LAST_PART,
	IS_DUMP = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17

local ANSWERED = "answered"

-- Whether a request is not so much older than another that it is no longer asked for.
local function is_as_late(request, other)
	return request[SHOWN][TIME] + STALE >= other[SHOWN][TIME]
end

local function key_of(protocol, sequence)
	return protocol * 2 ^ 32 + sequence
end

-- A request in frame `number`, the message `i` of the frame at hand. Returns what is
-- shown of it.
function exchanges.begin(i, number, time, owner)
	local shown = {
		number, time, frame.family[i], frame.operation[i], 0, false, false, false, false, false,
		frame.type[i], false,
		-- Its answer may be the copy of another receiver.
		not owner and answers.is_echoed_change(frame.protocol, frame.type[i], frame.flags[i]),
	}
	local at, length, raw, port = frame.at[i], frame.length[i], frame.raw, frame.port[i]
	local request = {
		shown, frame.type[i], frame.flags[i], port, owner or false, frame.protocol, frame.big,
		#raw <= MAX_BYTES and at + length <= #raw and raw, at, length, false, false, port, true, false, time,
		answers.is_dump(frame.protocol, frame.type[i], frame.flags[i]),
	}
	if born >= GENERATION then
		young, old, born = {}, young, 0
	end
	born = born + 1
	local key = key_of(frame.protocol, frame.sequence[i])
	local others, kept = young[key] or old[key], { several = true }
	old[key] = nil
	for _, other in ipairs(others and (others.several and others or { others }) or {}) do
		-- What its socket asked before by the same number and was answered is done with.
		if not (owner and other[OWNER] == owner and other[STATE]) then
			kept[#kept + 1] = other
		end
	end
	kept[#kept + 1] = request
	if #kept > MAX_OPEN then
		table.remove(kept, 1)
	end
	young[key] = #kept > 1 and kept or request
	return shown
end

-- What an error's names come from: the bytes of a request, as long as they are kept,
-- and what it asked for.
function exchanges.asked(request)
	local raw, shown = request[RAW], request[SHOWN]
	return raw and raw:sub(request[AT] + 1, request[AT] + request[LENGTH]), {
		protocol = request[PROTOCOL], big = request[BIG], family = shown[FAMILY] or nil,
		operation = shown[OPERATION] or nil,
	}
end

-- How near a request is to an answer, nearest first.
local OWN, UNKNOWN, OWN_ANSWERED, CLAIMED = 1, 2, 3, 4

-- Whether a message may be one more of an answer that does not say that it has several.
local function may_go_on(request, kind, flags, time)
	return kind >= MIN_TYPE and not has(flags, "MULTI") and time <= request[LAST_PART] + AT_ONCE
		and (answers.has_several_unsaid(request[PROTOCOL])
			or answers.is_echoed_change(request[PROTOCOL], request[KIND], request[FLAGS]))
end

local function nearness(request, port, kind, flags, time, owner, original)
	local shown = request[SHOWN]
	if shown[TIME] > time then
		return nil
	end
	local is_own, is_unknown = false, false
	if request[OWNER] and owner then
		if request[OWNER] ~= owner then
			return nil
		end
		is_own = true
	else
		is_unknown = request[PORT] == 0 or port == 0
		is_own = not is_unknown and request[PORT] == port
	end
	local near
	if request[STATE] then
		near = is_own and may_go_on(request, kind, flags, time) and OWN_ANSWERED
	elseif is_own then
		near = OWN
	elseif is_unknown then
		near = UNKNOWN
	elseif request[IS_CLAIMED] and shown[COUNT] == 0 then
		near = CLAIMED
	end
	if near and answers.can_be(request[PROTOCOL], request[KIND], request[FLAGS], request[SENT_PORT], kind, original,
		request[MULTIPART]) then
		return near
	end
end

local function is_likely(request, copy)
	local raw = request[RAW]
	return copy and raw and raw:sub(request[AT] + 1, request[AT] + request[LENGTH]) == copy
end

local function is_owed(request)
	return answers.is_owed(request[PROTOCOL], request[KIND], request[FLAGS])
end

-- Of several requests that are as near to an answer the one that is meant, and whether
-- another may be.
local function choose(near, nearest, flags, copy)
	if nearest == CLAIMED or #near == 1 then
		return near[1], nearest == CLAIMED
	end
	local is_part, best, kept, likely = has(flags, "MULTI"), -1, {}, false
	for _, request in ipairs(near) do
		local found = is_likely(request, copy)
		local worth = (found and 2 or 0) + (request[IS_DUMP] == is_part and 1 or 0)
		if worth > best then
			best, kept, likely = worth, {}, found
		end
		if worth == best then
			kept[#kept + 1] = request
		end
	end
	local newest = kept[#kept]
	local fresh, owed, first = {}, nil, nil
	for _, request in ipairs(kept) do
		if nearest ~= UNKNOWN or is_as_late(request, newest) then
			fresh[#fresh + 1] = request
			owed = owed or nearest == UNKNOWN and is_owed(request) and request
			first = first or request[SHOWN][FRAME] == newest[SHOWN][FRAME] and request
		end
	end
	local chosen, of_frame = owed or first, 0
	for _, request in ipairs(fresh) do
		if request[SHOWN][FRAME] == chosen[SHOWN][FRAME] then
			of_frame = of_frame + 1
		end
	end
	local may_be_later = of_frame > 1 and not likely and not is_owed(chosen)
	return chosen, may_be_later or nearest == UNKNOWN and of_frame < #fresh
end

-- Whether the port id that a request names may be another socket's, which named none;
-- or the other way round.
local function may_be_other(nearest, all, chosen, owner)
	local doubtful = nearest == UNKNOWN and CLAIMED
	if nearest == OWN and chosen[IS_CLAIMED] and chosen[SHOWN][COUNT] == 0 and not (owner and chosen[OWNER]) then
		doubtful = UNKNOWN
	end
	for request, near in pairs(doubtful and all or {}) do
		if near == doubtful and is_as_late(request, chosen) then
			return true
		end
	end
	return false
end

-- The request that a message from the kernel answers; nil for none. `original` and `copy`
-- are the header and the bytes that an error repeats.
function exchanges.find(protocol, sequence, port, kind, flags, time, owner, original, copy)
	if port == 0 and not answers.from_zero(protocol) then
		return nil
	end
	local key = key_of(protocol, sequence)
	local others = young[key] or old[key]
	if not others then
		return nil
	end
	local request, is_ambiguous
	if not others.several then
		local near = nearness(others, port, kind, flags, time, owner, original)
		if not near then
			return nil
		end
		request, is_ambiguous = others, near == CLAIMED
	else
		local near, nearest, all = {}, CLAIMED + 1, {}
		for i = 1, #others do
			local found = nearness(others[i], port, kind, flags, time, owner, original)
			all[others[i]] = found
			if found and found < nearest then
				near, nearest = {}, found
			end
			if found == nearest then
				near[#near + 1] = others[i]
			end
		end
		if #near == 0 then
			return nil
		end
		request, is_ambiguous = choose(near, nearest, flags, copy)
		is_ambiguous = is_ambiguous or may_be_other(nearest, all, request, owner)
		-- Either may be the other: what comes for that is in doubt too.
		for other in pairs(is_ambiguous and all or {}) do
			if is_as_late(other, request) then
				other[SHOWN][AMBIGUOUS] = true
			end
		end
	end
	if is_ambiguous then
		request[SHOWN][AMBIGUOUS] = true
	end
	if port ~= 0 and request[PORT] ~= port then
		request[PORT], request[IS_CLAIMED] = port, false
	end
	request[LAST_PART] = time
	return request
end

-- Takes a request off the table where it has ended, and with it those of which nothing
-- more can come: that its socket asked before by the same number and that were answered,
-- or of an earlier frame. A dump goes on beside other requests, but not beside another.
local function leave(request, sequence, has_ended, ends_dumps)
	local key = key_of(request[PROTOCOL], sequence)
	local generation = young[key] and young or old
	local others = generation[key]
	if others == request or not others then
		if has_ended and others then
			generation[key] = nil
			born = born - (generation == young and 1 or 0)
		end
		return
	end
	local kept, is_before = { several = true }, true
	for i = 1, #others do
		local other = others[i]
		is_before = is_before and other ~= request
		local goes = other == request and has_ended
		if is_before then
			local is_same = other[PORT] ~= 0 and other[PORT] == request[PORT]
			if request[OWNER] and other[OWNER] then
				is_same = other[OWNER] == request[OWNER]
			end
			local is_earlier = other[STATE] or other[SHOWN][FRAME] < request[SHOWN][FRAME]
			goes = is_same and is_earlier and (other[STATE] or ends_dumps or not other[IS_DUMP])
		end
		if not goes then
			kept[#kept + 1] = other
		end
	end
	if #kept < #others and generation == young then
		born = math.max(0, born - (#others - #kept))
	end
	generation[key] = #kept > 0 and kept or nil
end

-- Writes down that a request was answered by a message of a frame. `role` is
-- "answer", "done", "error" or "ack".
function exchanges.answer(request, role, number, sequence, kind, flags)
	local shown = request[SHOWN]
	if role ~= "answer" then
		shown[ENDS[role]] = shown[ENDS[role]] or number
		local dumps = request[IS_DUMP]
		-- What is no dump is acknowledged after its end.
		local has_ended = kind == ERROR or dumps or not has(request[FLAGS], "ACK")
		request[RAW] = not has_ended and request[RAW]
		return leave(request, sequence, has_ended, kind ~= ERROR and dumps)
	end
	shown[COUNT] = shown[COUNT] + 1
	if not shown[FIRST] then
		shown[FIRST] = number
	elseif request[LAST] ~= number then
		local more = shown[MORE] or {}
		shown[MORE] = more
		if #more < MAX_LISTED - 1 then
			more[#more + 1] = number
		end
	end
	request[LAST] = number
	local dumps = request[IS_DUMP]
	if has(flags, "MULTI") then
		request[MULTIPART] = true
	elseif not dumps and not has(request[FLAGS], "ACK") then
		request[STATE], request[RAW] = ANSWERED, false
	end
	leave(request, sequence, false, dumps)
end

return exchanges
