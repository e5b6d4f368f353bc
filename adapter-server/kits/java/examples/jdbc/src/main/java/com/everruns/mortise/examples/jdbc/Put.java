package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.adapter.v1.ProviderCredentials;
import com.everruns.mortise.adapter.v1.Session;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Stores a record, as an operator does who sets up an org. */
@Command(
        name = "put",
        mixinStandardHelpOptions = true,
        description = "Stores a record, read as the JSON form of its message from standard input.")
final class Put implements Callable<Integer> {
    /** What can be stored. */
    enum Kind {
        harness,
        agent,
        session,
        model,
        credentials
    }

    @ParentCommand
    private Main main;

    @Parameters(description = "What it is: ${COMPLETION-CANDIDATES}.")
    private Kind kind;

    @Option(names = "--org", defaultValue = "1", description = "The org (${DEFAULT-VALUE}).")
    private long org;

    @Option(names = "--id", paramLabel = "ID", description = "The id of a model, or the type of provider.")
    private String id;

    @Option(names = "--default", description = "Make the model the org's default.")
    private boolean isDefault;

    @Override
    public Integer call() throws Exception {
        Adapter adapter = main.adapter();
        switch (kind) {
            case harness -> {
                Harness read = read(Harness.newBuilder()).build();
                main.database().write(to -> adapter.harnesses().put(to, org, read.getId(), read));
            }
            case agent -> {
                Agent read = read(Agent.newBuilder()).build();
                main.database().write(to -> adapter.agents().put(to, org, read.getId(), read));
            }
            case session -> {
                Session read = read(Session.newBuilder()).build();
                main.database().write(to -> adapter.sessions().put(to, org, read.getId(), read));
            }
            case model -> {
                ModelWithProvider read = read(ModelWithProvider.newBuilder()).build();
                String named = named();
                main.database().write(to -> adapter.models().put(to, org, named, read, isDefault));
            }
            case credentials -> {
                ProviderCredentials read =
                        read(ProviderCredentials.newBuilder()).build();
                String named = named();
                main.database().write(to -> adapter.credentials().put(to, org, named, read));
            }
        }
        return 0;
    }

    private String named() throws IOException {
        if (id == null) {
            throw new IOException("give --id for a " + kind);
        }
        return id;
    }

    private static <B extends Message.Builder> B read(B into) throws IOException {
        try (Reader in = new InputStreamReader(System.in, StandardCharsets.UTF_8)) {
            JsonFormat.parser().merge(in, into);
        }
        return into;
    }
}
