-- SPDX-License-Identifier: GPL-2.0-or-later
-- Which exchange each message of each frame belongs to. Errors, acknowledgements and
-- the ends of dumps come to no family's dissector, so they are found here, in the
-- frame.

local nl = ...
local netlink, errors, exchanges = nl.netlink, nl.errors, nl.exchanges
local frame = netlink.frame
local MIN_TYPE, ERROR, DONE, GENERIC = netlink.MIN_TYPE, netlink.ERROR, netlink.DONE, netlink.GENERIC

local conversation = {}

-- What was read of each frame, once, in the order of the file: what is shown of the
-- exchange of its only message, or a list of that for several; false for none. And
-- the names that errors are about, by frame.
local exchange_of, names_of = {}, {}

function conversation.begin()
	exchange_of, names_of = {}, {}
	exchanges.reset()
end

-- An error or the end of a dump, taken apart; nil for other messages.
local function error_of(i)
	local kind = frame.type[i]
	if kind ~= ERROR and kind ~= DONE then
		return nil
	end
	local at = frame.at[i]
	local raw = frame.raw:sub(at + 1, at + frame.length[i])
	return errors.parse(raw, { length = frame.length[i], type = kind, flags = frame.flags[i] }, frame.big)
end

-- What a message is to the exchange that it belongs to.
local function role_of(i, found)
	local kind = frame.type[i]
	if kind == ERROR then
		return found and found.errno == 0 and "ack" or "error"
	elseif kind == DONE then
		return found and found.errno and found.errno < 0 and "error" or "done"
	elseif netlink.is_request(i) then
		return "request"
	elseif frame.operation[i] and frame.operation[i].async then
		-- It may carry the numbers of the request that caused it.
		return "notification"
	end
	return "answer"
end

-- Finds the request of a message from the kernel; what is shown of it, and the names
-- that an error is about.
local function read_answer(i, number, owner)
	local found = error_of(i)
	local kind = frame.protocol == GENERIC and frame.type[i] or nil
	if found then
		kind = found.original and found.original.type
	end
	local request = exchanges.find(frame.protocol, frame.sequence[i], frame.port[i], kind, owner)
	if not request then
		return false
	end
	if found then
		errors.explain(found, exchanges.asked(request))
	end
	local role = role_of(i, found)
	if role ~= "notification" then
		exchanges.answer(request, role, number, frame.flags[i])
	end
	return request[1], found and (found.bad or found.missing) and { bad = found.bad, missing = found.missing }
end

local function read_message(i, number, pinfo, owner)
	local kind = frame.type[i]
	if kind < MIN_TYPE and kind ~= ERROR and kind ~= DONE then
		return false
	elseif kind >= MIN_TYPE and netlink.is_request(i) then
		return exchanges.begin(i, number, pinfo.rel_ts, owner)
	end
	local shown, names = read_answer(i, number, owner)
	if names then
		names_of[number] = names_of[number] or {}
		names_of[number][i] = names
	end
	return shown
end

-- Reads the frame at hand, if it was not read before. `owner` is the recorder's name
-- of the socket.
function conversation.read(number, pinfo, owner)
	if exchange_of[number] ~= nil then
		return
	elseif frame.count == 1 then
		exchange_of[number] = read_message(1, number, pinfo, owner)
		return
	end
	local all, some = {}, false
	for i = 1, frame.count do
		all[i] = read_message(i, number, pinfo, owner)
		some = some or all[i]
	end
	exchange_of[number] = some and all
end

-- Whether the frame at hand has what stands in the columns and among the expert items
-- whoever looks.
function conversation.is_special()
	for i = 1, frame.count do
		if frame.type[i] == ERROR or frame.type[i] == DONE or math.floor(frame.flags[i] / 16) % 2 == 1 then
			return true
		end
	end
	return false
end

-- What is known of the messages of the frame at hand: one entry for each request,
-- error and end, and for all answers to one request together.
function conversation.entries(number)
	local known, entries, seen = exchange_of[number], {}, {}
	for i = 1, frame.count do
		local shown = known and (frame.count == 1 and known or known[i]) or nil
		local found = error_of(i)
		local role = role_of(i, found)
		local is_answer = role == "answer" or role == "notification"
		if is_answer and netlink.has(frame.flags[i], "DUMP_INTR") or (found and netlink.has(frame.flags[i], "DUMP_INTR")) then
			entries.interrupted = true
		end
		local names = found and names_of[number] and names_of[number][i]
		if names then
			found.bad, found.missing = names.bad, names.missing
		end
		if (shown or found) and not (is_answer and seen[shown]) then
			if is_answer then
				seen[shown] = true
			end
			entries[#entries + 1] = {
				request = shown and exchanges.unpack(shown) or nil, role = role, at = frame.at[i], error = found,
			}
		end
	end
	return entries
end

-- Each message of the frame that was dissected last, for statistics: its role, its
-- family and operation, and where it answers something, when that was asked and its
-- exchange.
function conversation.messages(number)
	local known, all = exchange_of[number], {}
	for i = 1, frame.left do
		local shown = known and (frame.left == 1 and known or known[i]) or nil
		local kind = frame.type[i]
		if kind >= MIN_TYPE or kind == ERROR or kind == DONE then
			local role = role_of(i, error_of(i))
			local request = shown and exchanges.unpack(shown)
			all[#all + 1] = {
				role = role, type = request and request.type or kind, exchange = shown,
				family = request and request.family or frame.family[i],
				operation = request and request.operation or frame.operation[i],
				asked = role ~= "request" and role ~= "notification" and request and request.time or nil,
				interrupted = netlink.has(frame.flags[i], "DUMP_INTR") and role ~= "request",
			}
		end
	end
	return all
end

return conversation
