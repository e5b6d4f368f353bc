/** Remembered answers in SQL databases. */
package com.everruns.mortise.kit.sql;
