// Run by jest, whose configuration turns its fake timers on.
const cases = require('./cases.cjs')

cases({ test, expect, timers: jest, kit: require('lastcall/testing') })
