// Runs a program of the package that fits this machine, and ends as it ends.
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');

module.exports = function run(name) {
  const platform = `@mortise/${process.platform}-${process.arch}`;
  let program;
  try {
    program = require.resolve(`${platform}/bin/${name}`);
  } catch {
    console.error(
      `${name}: the package ${platform} is not installed; ` +
        'install mortise without --omit=optional, on Linux on x64 or arm64',
    );
    process.exit(3);
  }
  const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
  // A terminal sends its signals to the program as well; others reach this process alone.
  const passed = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'];
  for (const signal of passed) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`${name}: ${program} cannot be started: ${error.message}`);
    process.exit(3);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : code);
  });
};
