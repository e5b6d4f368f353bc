package com.everruns.mortise.kit;

/**
 * A store that an adapter offers: an object that implements one of the interfaces of this package,
 * or several.
 *
 * <p>Its methods may block. They run on threads of the kit, many at a time. They may throw every
 * exception; {@link Fail} makes those that say more than INTERNAL.
 */
public interface Store {}
