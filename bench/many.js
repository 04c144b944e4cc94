// Fetches so many loans with what a JavaScript program would take, and sums each schedule.
//
//   node many.js axios|fetch|undici BASE COUNT AT_ONCE [CA_FILE]
//
// axios and undici come from the directory in BENCH_NODE_MODULES. Prints calls a second and CPU seconds.

const { createRequire } = require("module");
const fs = require("fs");
const https = require("https");
const http = require("http");

const [what, base, countText, atOnceText, caFile] = process.argv.slice(2);
const count = Number(countText), atOnce = Number(atOnceText);
const headers = { "x-api-key": "key", "x-carbon-key": "key", accept: "application/json" };
const load = createRequire((process.env.BENCH_NODE_MODULES || process.cwd()) + "/");
const ca = caFile ? fs.readFileSync(caFile) : undefined;

const clients = {
  axios() {
    const axios = load("axios");
    const options = { keepAlive: true, maxSockets: atOnce };
    const client = axios.create({
      headers, httpAgent: new http.Agent(options), httpsAgent: new https.Agent({ ...options, ca }),
    });
    return async (url) => (await client.get(url)).data;
  },
  fetch() {
    return async (url) => (await fetch(url, { headers })).json();
  },
  undici() {
    const { Pool } = load("undici");
    const pool = new Pool(base, { connections: atOnce });
    return async (url) => {
      const { body } = await pool.request({ path: url.slice(base.length), method: "GET", headers });
      return body.json();
    };
  },
};

async function main() {
  const get = clients[what]();
  let next = 0, total = 0;
  async function worker() {
    while (next < count) {
      next += 1;
      const reply = await get(`${base}/LOAN_${next}`);
      for (const row of reply.data.schedule) total += row.totalDue;
    }
  }
  const began = process.hrtime.bigint(), cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9, used = process.cpuUsage(cpu);
  console.log(`rate ${(count / seconds).toFixed(1)}`);
  console.log(`cpu ${((used.user + used.system) / 1e6).toFixed(4)}`);
  console.log(`total ${total}`);
  process.exit(0);
}

main().catch((error) => { console.error(String(error)); process.exit(1); });
