// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Harness;
import java.util.List;

/**
 * What an author implements to offer {@code HarnessStoreService}.
 *
 * <p>HarnessStoreService returns harnesses with their ancestors. Required: a host
 * runs no turn without it.
 */
public interface HarnessStore extends Store {

    /**
     * GetHarnessChain returns a harness with its ancestors: the root first, the
     * requested harness last.
     *
     * <p>A harness that does not exist in the org is an empty chain, not an error. A
     * harness without a parent is a chain of one. An archived harness must be
     * returned with its status, and so must a chain with an archived ancestor. A
     * deleted harness may be returned with its status or as an empty chain. The
     * host checks the status of the last element before every phase and ends the
     * turn if the harness is not active.
     *
     * <p>A server may fold the chain into one element, if it folds as upstream does:
     * prompts are joined from the root on, a capability of a child replaces the
     * same one of its parent in place, allowed networks are intersected, blocked
     * networks are joined. A cycle of parents must not hang: the server cuts the
     * chain where it would repeat. A server may limit the length of a chain; the
     * reference server allows 64 harnesses.
     *
     * <p>The host reads the chain several times in every phase. A change must be
     * visible in every call that follows it.
     */
    List<Harness> getHarnessChain(Org in, String harnessId) throws Exception;
}
