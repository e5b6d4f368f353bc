package com.everruns.mortise.kit;

import java.util.function.Function;

/** Turns what an author's method returns into the answer on the wire, and back. */
record Codec<T, A>(Function<T, A> wrap, Function<A, T> unwrap) {}
