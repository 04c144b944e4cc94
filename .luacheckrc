-- One set of rules for both Luas: what only one of them has is an error.
std = "lua54+luajit"
max_line_length = 100
codes = true
exclude_files = { "build", ".luarocks", "lua_modules" }

-- Each is used only where the other is its fallback, which layers_spec holds.
local guarded = { unpack = {}, jit = {}, table = { fields = { unpack = {} } } }

files["lua"] = { std = "min", read_globals = guarded }
files["examples"] = { std = "min", read_globals = guarded }
files["examples/config.lua"] = { std = "min", read_globals = { "env", "command" } }
files["spec"] = { std = "max+busted" }
files["bench"] = { std = "max" }
files["*.rockspec"] = { std = "rockspec" }
files[".luacheckrc"] = { std = "luacheckrc" }
-- What runs inside nginx only.
local inside_nginx = { std = "min+ngx_lua", read_globals = guarded }
files["lua/repay/ngx.lua"] = inside_nginx
files["lua/repay/ngx"] = inside_nginx
files["lua/repay/cache.lua"] = inside_nginx
files["lua/repay/resty_http.lua"] = inside_nginx
files["examples/openresty"] = inside_nginx
files["spec/support/nginx_*.lua"] = { std = "luajit+ngx_lua" }
files["spec/support/resty_http_stand_in.lua"] = { std = "luajit+ngx_lua" }
