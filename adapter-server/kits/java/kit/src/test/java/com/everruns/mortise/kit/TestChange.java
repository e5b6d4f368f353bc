package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.DeleteValueResponse;
import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import com.everruns.mortise.adapter.v1.SetValueResponse;

/** Changes as the kit hands them to stores, for tests of other packages. */
public final class TestChange {
    private TestChange() {}

    /** A change of DeleteValue. */
    public static Change<Boolean> of(String requestId) {
        Codec<Boolean, DeleteValueResponse> codec = new Codec<>(
                v -> DeleteValueResponse.newBuilder().setDeleted(v).build(), DeleteValueResponse::getDeleted);
        return new Change<>(
                new AnswerMemory.Key(1, requestId), SessionStorageStoreMethods.DELETE_VALUE, codec, Fencing.NOTHING);
    }

    /** A change of SetValue, which answers nothing. */
    public static Change<Void> nothing(String requestId) {
        Codec<Void, SetValueResponse> codec = new Codec<>(v -> SetValueResponse.getDefaultInstance(), a -> null);
        return new Change<>(
                new AnswerMemory.Key(1, requestId), SessionStorageStoreMethods.SET_VALUE, codec, Fencing.NOTHING);
    }
}
