-- SPDX-License-Identifier: GPL-2.0-or-later
-- What is asked for: by a filter, a column, a tap. Wireshark answers that for one
-- field at a time, and for a protocol with all its fields. tshark asks for the same in
-- all frames of a pass, so there the answers are kept; in the window somebody may ask
-- for something else at any frame.

local interest = {}

local keeps = not gui_enabled()

-- Of the frame before this: its number, and whether somebody looked at it.
local answers, last, looked = {}, 0, nil

-- Begins with a frame; a pass begins anew where the numbers do. Returns whether somebody
-- looks at the tree, and whether what was asked for in the frame before may be otherwise
-- in this one.
function interest.frame(number, tree)
	-- sharkd has no window and goes to any frame, with a tree and without.
	local visible = tree.visible
	if keeps and number > last and visible == looked then
		last = number
		return visible, false
	end
	answers, last, looked = {}, number, visible
	return visible, true
end

-- What is the same as long as the answers are; nil where they are not kept.
function interest.pass()
	return keeps and answers or nil
end

-- Whether anything of a protocol is asked for. `handle` is its dissector.
function interest.in_protocol(tree, handle)
	local known = answers[handle]
	if known == nil then
		known = tree:referenced(handle)
		if keeps then
			answers[handle] = known
		end
	end
	return known
end

-- Whether one of a list of fields is asked for; each list is always the same table.
function interest.in_fields(tree, list)
	local known = answers[list]
	if known ~= nil then
		return known
	end
	local referenced = tree.referenced
	for i = 1, #list do
		if referenced(tree, list[i]) then
			known = true
			break
		end
	end
	known = known or false
	if keeps then
		answers[list] = known
	end
	return known
end

return interest
