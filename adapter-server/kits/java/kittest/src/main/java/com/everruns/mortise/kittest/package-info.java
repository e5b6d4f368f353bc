/**
 * Holds an adapter against the contract inside JUnit, each rule as a test of its own. {@link
 * com.everruns.mortise.kittest.ContractSuite} is where to begin.
 */
package com.everruns.mortise.kittest;
