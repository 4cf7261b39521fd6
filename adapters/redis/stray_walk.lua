-- stray_walk.lua - walks over all that should be tasks.
--
-- KEYS: the queue's.
-- ARGV: where to go on ('' for the start), how much work to do, how long a
-- payload may be.
--
-- Answers where to go on ('' for the end) and a list of {subject, task}:
-- "STREAM ENTRY" with an entry as XRANGE gives it, or "bodies ID" with a body.
-- Whether they can be read is for the caller to judge: here those are left out
-- that are plain beyond doubt, most of them, and of the others the payload,
-- which is 0 if it has a length that will do, and else not there. So is what is
-- leased: that is its worker's to look at.

local CHUNK = 16 -- read at once: a payload may be large
local BYTES_OF_ONE = 4096 -- as much work to read as another task

local from, count, payload_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local seen, found = 0, {}

local function has_length(payload)
    return #payload >= 1 and #payload <= payload_max
end

-- Of any time that is a time, and a type of no more than plain letters.
local function is_plain(id, type, payload)
    return #id == 26 and id:match('^0[0-9A-HJKMNP-TV-Z]+$') and #type <= 64 and
        type:match('^%a[%w._:-]*$') and has_length(payload)
end

local function is_plain_entry(flat)
    return #flat == 6 and flat[1] == 'id' and flat[3] == 'type' and
        flat[5] == 'payload' and is_plain(flat[2], flat[4], flat[6])
end

local function look_at_entry(name, item)
    local fields, size = {}, 0
    for i = 1, #item[2], 2 do
        local field, value = item[2][i], item[2][i + 1]
        size = size + #field + #value
        if field == 'payload' then
            value = has_length(value) and '0' or nil
        end
        if value then
            fields[#fields + 1] = field
            fields[#fields + 1] = value
        end
    end
    seen = seen + 1 + math.floor(size / BYTES_OF_ONE)
    if not is_plain_entry(item[2]) then
        found[#found + 1] = {name .. ' ' .. item[1], {item[1], fields}}
    end
end

local function walk_stream(name)
    local key = name == 'dead' and DEAD or STREAM[name]
    return function(position)
        local delivered = delivered_in(key)
        local page
        repeat
            page = redis.call('XRANGE', key, '(' .. position, '+', 'COUNT',
                CHUNK)
            for _, item in ipairs(page) do
                local is_behind = is_entry_after(item[1], delivered)
                if name == 'dead' or (is_behind and name ~= 'taken') or
                    not is_pending(key, item[1])
                then
                    look_at_entry(name, item)
                else
                    seen = seen + 1
                end
                position = item[1]
            end
        until #page < CHUNK or seen >= count
        return #page < CHUNK and '' or position
    end
end

-- The body with 0 in place of its payload; '' if it is none.
local function without_payload(type, payload, x, body)
    local head = #type .. ':' .. type .. ','
    if body ~= head .. #payload .. ':' .. payload .. ',' .. x or
        not has_length(payload)
    then
        return ''
    end
    return head .. '1:0,' .. x
end

local function look_at_body(id, body)
    local is_good, type, payload, x = pcall(body_parts, body)
    local short = is_good and without_payload(type, payload, x, body) or ''
    seen = seen + 1 + math.floor(#body / BYTES_OF_ONE)
    if short == '' or x ~= '' or not is_plain(id, type, payload) then
        found[#found + 1] = {'bodies ' .. id, short}
    end
end

local function walk_bodies(position)
    repeat
        local page = redis.call('HSCAN', BODIES, position, 'COUNT', CHUNK)
        seen = seen + 1 -- an empty page is work too
        for i = 1, #page[2], 2 do
            look_at_body(page[2][i], page[2][i + 1])
        end
        position = page[1]
    until position == '0' or seen >= count
    return position == '0' and '' or position
end

local phases = {
    walk_stream('high'),
    walk_stream('normal'),
    walk_stream('low'),
    walk_stream('taken'),
    walk_stream('dead'),
    walk_bodies,
}

local to = walk(phases, from, function()
    return seen >= count
end)
return {to, found}
