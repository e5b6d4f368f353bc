/**
 * Serves stores as an adapter of Mortise. {@link com.everruns.mortise.kit.MortiseAdapter} is where
 * to begin.
 */
package com.everruns.mortise.kit;
