-- wrk -s wrk.lua ... URL -- BODY_FILE CALLS: posts the file's text; ends after CALLS answers where CALLS is above 0.
wrk.method = "POST"

local calls = 0
local answered = 0
local failed = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.body = file:read("*a")
  file:close()
  calls = tonumber(args[2])
  -- Counting costs the generator time, so there is no callback where the clock ends the load.
  if calls > 0 then
    response = count
  end
end

function count(status)
  answered = answered + 1
  if status < 200 or status > 299 then
    failed = failed + 1
  end
  if answered == calls then
    io.write(string.format('\n{"calls":%d,"seconds":0,"bytes":0,"p50":0,"p99":0,"failed":%d}\n', answered, failed))
    io.stdout:flush()
    os.exit(0)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"calls":%d,"seconds":%.6f,"bytes":%d,"p50":%.3f,"p99":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
