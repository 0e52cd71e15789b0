import { exposedHeaders } from '@idp/service';
import type { RouteFile } from '../../../routing/route-schema.ts';

/** Longest request target, as in the embedded gateway. */
const targetBytesMax = 8192;

/**
 * What no filter of Envoy does, in Lua, first in the chain. On the request: ids that are malformed are replaced (request id) or
 * begin anew (trace), targets that are too long are refused, and facts for log and answers are kept as metadata `idp`. On
 * the answer: error codes go to the log, pages of allowed origins may read the gateway's own errors, and what a
 * credential got is not stored unless the service says so.
 */
export function gatewayScript({ routes }: RouteFile): string {
  const mounts = routes.filter(({ backstage }) => backstage).map(({ path }) => path);
  return `${head}local mounts = { ${mounts.map((path) => JSON.stringify(path)).join(', ')} }
local exposed = ${JSON.stringify(exposedHeaders)}
${ids}
${request}
${response}`;
}

const head = `local random = io.open("/dev/urandom", "rb")
local a, b, c, d, e, f = random:read(6):byte(1, 6)
random:close()
math.randomseed(((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f)

`;

const ids = `
local function hex(digits)
  local parts = {}
  for i = 1, digits / 4 do parts[i] = string.format("%04x", math.random(0, 65535)) end
  return table.concat(parts)
end

local function uuid()
  local variant = string.format("%x", math.random(8, 11))
  return table.concat({ hex(8), hex(4), "4" .. hex(4):sub(2), variant .. hex(4):sub(2), hex(12) }, "-")
end

-- As Envoy's own reader, which takes no future version: what it does not continue begins anew.
local function isTrace(header)
  local trace, span = header:match("^%x%x%-(%x+)%-(%x+)%-%x%x$")
  if #header ~= 55 or trace == nil or #trace ~= 32 then return false end
  return not trace:match("^0+$") and not span:match("^0+$")
end

local function mountUrl(target)
  for _, mount in ipairs(mounts) do
    if target:sub(1, #mount) == mount then
      local rest = target:sub(#mount + 1)
      if rest == "" then return "/" end
      if rest:match("^[/?]") then return rest end
    end
  end
  return nil
end
`;

const request = `
function envoy_on_request(handle)
  local headers = handle:headers()
  local info = handle:streamInfo()
  local metadata = info:dynamicMetadata()
  local target = headers:get(":path") or ""
  metadata:set("idp", "path", target:match("^[^?]*"))
  local url = mountUrl(target)
  if url ~= nil then metadata:set("idp", "mountUrl", url) end

  local id = headers:get("x-request-id")
  if id == nil or #id > 128 or not id:match("^[%w._-]+$") then headers:replace("x-request-id", uuid()) end
  local parent = headers:get("traceparent")
  if parent ~= nil and not isTrace(parent) then
    local trace = hex(32)
    headers:replace("traceparent", "00-" .. trace .. "-" .. hex(16) .. "-00")
    headers:remove("tracestate")
    metadata:set("idp", "newTrace", trace)
  end

  local origin = headers:get("origin")
  if origin ~= nil then metadata:set("idp", "origin", origin) end
  if headers:get("authorization") ~= nil or headers:get("cookie") ~= nil then
    metadata:set("idp", "credentialSent", true)
  end
  if #target > ${targetBytesMax} then handle:respond({ [":status"] = "414" }, "") end
end
`;

const response = `
local function isAllowed(handle, origin)
  local origins = handle:filterContext():get("allowedOrigins")
  for _, allowed in ipairs(origins or {}) do
    if allowed == origin then return true end
  end
  return false
end

local function finishOwn(handle, headers, kept)
  headers:remove("x-idp-own")
  if headers:get(":status") ~= "410" then headers:remove("link") end
  if kept["origin"] ~= nil and isAllowed(handle, kept["origin"]) then
    headers:replace("access-control-allow-origin", kept["origin"])
    headers:replace("access-control-expose-headers", exposed)
    headers:add("vary", "Origin")
  end
end

local function keepCaller(metadata)
  local token = metadata:get("envoy.filters.http.jwt_authn")
  local claims = token and token["jwt_payload"]
  if claims ~= nil then
    metadata:set("idp", "tenantId", claims["tid"])
    metadata:set("idp", "subject", claims["sub"])
  end
  local key = metadata:get("envoy.filters.http.ext_authz")
  if key ~= nil and key["x-ext-auth-key"] ~= nil then
    metadata:set("idp", "tenantId", key["x-ext-auth-tenant"])
    metadata:set("idp", "subject", key["x-ext-auth-subject"])
    metadata:set("idp", "keyId", key["x-ext-auth-key"])
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local metadata = handle:streamInfo():dynamicMetadata()
  local kept = metadata:get("idp") or {}
  keepCaller(metadata)
  local code = headers:get("x-error-code")
  if code ~= nil then
    metadata:set("idp", "errorCode", code)
    headers:remove("x-error-code")
  end
  local trace = headers:get("x-trace-id")
  if trace ~= nil then
    metadata:set("idp", "traceId", trace)
    headers:remove("x-trace-id")
  end
  if headers:get("x-idp-own") ~= nil then
    finishOwn(handle, headers, kept)
  elseif kept["credentialSent"] and headers:get("cache-control") == nil then
    headers:add("cache-control", "no-store")
  end
end
`;
