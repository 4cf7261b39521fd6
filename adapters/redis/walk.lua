-- walk.lua - goes through phases, for the scripts that walk over all there is.
-- Stands in front of them.

-- A phase is function(position) -> position, '' at its end. Goes on with
-- "PHASE:POSITION", or '' for the start, until is_enough(); answers where to go
-- on then, '' at the end.
local function walk(phases, from, is_enough)
    local phase, position = from:match('^(%d+):(.+)$')
    phase, position = tonumber(phase or 1), position or '0'
    while phases[phase] and not is_enough() do
        position = phases[phase](position)
        if position == '' then
            phase, position = phase + 1, '0'
        end
    end
    return phases[phase] and phase .. ':' .. position or ''
end
