// One body through JSON.parse and the loop that a script would write. Prints "name value" lines.
//
//   node parse.js PROVIDER FILE ROUNDS AS_OF

const fs = require("fs");

const [provider, path, rounds, asOf] = process.argv.slice(2);
const minor = (total) => Math.floor(total * 100 + 0.5);

const sums = {
  fincode: (reply) => {
    let amount = 0, payable = 0, unpaid = 0;
    for (const row of reply.data) {
      amount += row.repaymentAmount;
      payable += row.totalPayable;
      if (!row.loanAmountPaid) unpaid += 1;
    }
    return [minor(amount), minor(payable), unpaid];
  },
  pezesha: (reply) => {
    let due = 0, outstanding = 0, overdue = 0;
    for (const row of reply.data) {
      due += row.total_due;
      outstanding += row.balance;
      if (row.repayment_date < asOf) overdue += row.balance;
    }
    return [minor(due), minor(outstanding), minor(overdue)];
  },
  carbon: (reply) => {
    let due = 0, outstanding = 0, overdue = 0;
    for (const row of reply.data.schedule) {
      const rest = row.totalDue - row.paidAmount;
      due += row.totalDue;
      outstanding += rest;
      if (row.dueDate < asOf) overdue += rest;
    }
    return [due, outstanding, overdue];
  },
}[provider];

// A string already, as it is for the arms in Lua.
const body = fs.readFileSync(path, "utf8");
let rows = 0;
const run = () => {
  const reply = JSON.parse(body);
  rows = (reply.data.schedule || reply.data).length;
  return sums(reply);
};

const secondsOf = (count) => {
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) run();
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1e6 / count;
};

let count = 1;
while (secondsOf(count) * count < 0.05) count *= 2;
const times = [];
for (let i = 0; i < Number(rounds); i++) times.push(secondsOf(count));
times.sort((a, b) => a - b);
console.log("node_ns_row " + (times[Math.floor(times.length / 2)] / rows) * 1e9);
