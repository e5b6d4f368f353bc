package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.DescribeResponse;
import com.everruns.mortise.adapter.v1.Feature;
import com.everruns.mortise.adapter.v1.Identity;
import com.everruns.mortise.adapter.v1.Limits;
import com.everruns.mortise.adapter.v1.ProtocolRange;
import com.everruns.mortise.adapter.v1.Scoping;
import com.everruns.mortise.adapter.v1.ServiceOffer;
import com.everruns.mortise.adapter.v1.UnfencedChanges;
import io.grpc.ServerServiceDefinition;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import picocli.CommandLine;

/**
 * Serves stores as an adapter. An author implements a store (one of the generated interfaces) and
 * offers it; the kit does what every adapter has to do: handshake, health, reflection, sockets, TLS,
 * tokens, draining, the checks of fields, remembered answers, errors, traces and logs.
 */
public final class MortiseAdapter {
    /** The version of the protocol that this kit speaks. */
    private static final int PROTOCOL = 1;

    private static final int MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
    private static final int CALLS_MAX = 128;
    private static final String EMITTER = "mortise.adapter.v1.EventEmitterService";

    private final String name;
    private final String version;
    private final Map<String, Offered> offers = new TreeMap<>();
    private final List<String> faults = new ArrayList<>();
    private final Refusals refusals = new Refusals();
    private AnswerMemory memory = new ProcessMemory(ProcessMemory.BYTES_MAX);
    private Ping ping;
    private Duration callTime = Duration.ofSeconds(8);
    private int callsMax = CALLS_MAX;
    private int messageBytesMax = MESSAGE_BYTES_MAX;
    private Scoping scoping = Scoping.SCOPING_PER_ORG;
    private String platformBaseUrl = "";
    private UnfencedChanges unfencedChanges = UnfencedChanges.UNFENCED_CHANGES_EXCEPT_TURN_EVENTS;

    private record Offered(Binding<?> binding, Store store, TreeSet<Feature> features) {}

    /** Asks the store whether it can answer; it throws if not. */
    public interface Ping {
        void ping() throws Exception;
    }

    private MortiseAdapter(String name, String version) {
        this.name = name;
        this.version = version;
    }

    /** An adapter of this name and version, as the handshake tells them. */
    public static MortiseAdapter named(String name, String version) {
        return new MortiseAdapter(name, version);
    }

    /** Offers every service whose interface the store implements. */
    public MortiseAdapter offer(Store store, Feature... features) {
        List<Binding<?>> found = Bindings.ALL.stream()
                .filter(binding -> binding.store().isInstance(store))
                .toList();
        if (found.isEmpty()) {
            faults.add("a store that implements no interface of a service is offered: "
                    + (store == null ? "null" : store.getClass().getName()));
        }
        TreeSet<Feature> left = new TreeSet<>(Arrays.asList(features));
        for (Binding<?> binding : found) {
            TreeSet<Feature> own = new TreeSet<>(Arrays.asList(features));
            own.removeIf(feature -> !binding.features().contains(feature.name()));
            left.removeAll(own);
            if (binding.service().equals(EMITTER)) {
                // The kit serves the stream over emit.
                own.add(Feature.FEATURE_EMIT_STREAM);
            }
            if (offers.put(binding.service(), new Offered(binding, store, own)) != null) {
                faults.add(binding.service() + " is offered twice");
            }
        }
        left.forEach(feature -> faults.add("no service of the offered store has " + feature));
        return this;
    }

    /**
     * How to ask the store whether it can answer. The kit asks every second, and at once when a call
     * could not be served; health follows the answer.
     */
    public MortiseAdapter ping(Ping asks) {
        ping = asks;
        return this;
    }

    /**
     * Declares exceptions that mean that the store cannot answer now. The caller then sends the call
     * again; every other exception is final for it. What Java itself throws for broken connections,
     * and JDBC with the SQLSTATE of one, is known.
     */
    @SafeVarargs
    public final MortiseAdapter unavailableOn(Class<? extends Throwable>... exceptions) {
        for (Class<? extends Throwable> exception : exceptions) {
            refusals.add(exception::isInstance);
        }
        return this;
    }

    /** Like {@link #unavailableOn}, for exceptions that say it by what they hold. */
    public MortiseAdapter unavailableWhen(Predicate<Throwable> says) {
        refusals.add(says);
        return this;
    }

    /** Replaces the memory of answers that no transaction stores. */
    public MortiseAdapter remember(AnswerMemory answers) {
        memory = answers;
        return this;
    }

    /**
     * Limits how long the store may take for a call, 8 s unless stated: less than callers go on
     * trying. Zero: no limit but the caller's.
     */
    public MortiseAdapter callTime(Duration limit) {
        callTime = limit;
        return this;
    }

    /** How many calls are served at once, 128 unless stated. Streams are not counted. */
    public MortiseAdapter maxCalls(int most) {
        callsMax = most;
        return this;
    }

    /** The largest request in bytes, 32 MiB unless stated. */
    public MortiseAdapter maxMessageBytes(int most) {
        messageBytesMax = most;
        return this;
    }

    /** The store keeps no orgs apart. For a single tenant only. */
    public MortiseAdapter sharedByAllOrgs() {
        scoping = Scoping.SCOPING_SHARED;
        return this;
    }

    /**
     * What becomes of changes without a fence while their session is leased, where a store checks
     * fences.
     */
    public MortiseAdapter unfencedChanges(UnfencedChanges policy) {
        unfencedChanges = policy;
        return this;
    }

    /** The address of the web console. */
    public MortiseAdapter platformBaseUrl(String url) {
        platformBaseUrl = url;
        return this;
    }

    /**
     * Serves as a program: reads the arguments, serves until SIGTERM or SIGINT, and ends the process.
     * Call it last in {@code main}.
     */
    public void run(String... arguments) {
        ServeOptions options = new ServeOptions();
        CommandLine line = new CommandLine(CommandLine.Model.CommandSpec.forAnnotatedObject(options)
                .name(name)
                .version(name + " " + version)
                .mixinStandardHelpOptions(true));
        line.setExecutionStrategy(parsed -> {
            Integer helped = CommandLine.executeHelpRequest(parsed);
            return helped == null ? run(options) : helped;
        });
        System.exit(line.execute(arguments));
    }

    /** Like {@link #run(String...)} for a program that has parsed its arguments; the exit code. */
    public int run(ServeOptions options) {
        LogLines.use();
        try (Serving serving = serve(options)) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(serving), "mortise-stop"));
            serving.awaitEnd();
            return 0;
        } catch (IOException | IllegalStateException fault) {
            System.err.println(name + ": " + fault.getMessage());
            return 1;
        } catch (InterruptedException stopped) {
            return 1;
        }
    }

    /** Java's own log is closed at the same time, so what happens is written beside it. */
    private void stop(Serving serving) {
        System.err.println(
                name + ": stopping; calls may go on for " + serving.drain().toSeconds() + " s");
        boolean hasEnded = serving.stop();
        System.err.println(name + (hasEnded ? ": stopped" : ": stopped; calls were cut off, they did not end in time"));
    }

    /**
     * Starts to serve.
     *
     * @throws IllegalStateException if nothing is offered, or something twice
     * @throws IOException if the address cannot be listened on or a file cannot be read
     */
    public Serving serve(ServeOptions options) throws IOException {
        List<String> all = new ArrayList<>(faults);
        if (name.isEmpty() || version.isEmpty()) {
            all.add("name or version is empty; the handshake tells both");
        }
        if (offers.isEmpty()) {
            all.add("nothing is offered; call offer(store)");
        }
        if (!all.isEmpty()) {
            throw new IllegalStateException("the adapter cannot start: " + String.join("; ", all));
        }
        return Serving.start(this, options);
    }

    List<ServerServiceDefinition> bind(Core core) {
        return offers.values().stream()
                .map(offered -> offered.binding().bind(offered.store(), core))
                .toList();
    }

    /** The names of what is offered, the handshake included. */
    List<String> services() {
        List<String> all = new ArrayList<>(offers.keySet());
        all.add(0, Handshake.SERVICE);
        return all;
    }

    DescribeResponse describe(String outage) {
        DescribeResponse.Builder answer = DescribeResponse.newBuilder()
                .setServer(Identity.newBuilder().setName(name).setVersion(version))
                .setProtocol(ProtocolRange.newBuilder().setMin(PROTOCOL).setMax(PROTOCOL))
                .setScoping(scoping)
                .setLimits(Limits.newBuilder()
                        .setMaxMessageBytes(messageBytesMax)
                        .setRequestMemorySeconds(AnswerMemory.TIME.toSeconds()))
                .setPlatformBaseUrl(platformBaseUrl)
                .setOutage(outage)
                .addServices(ServiceOffer.newBuilder().setName(Handshake.SERVICE));
        if (!fences().services().isEmpty()) {
            answer.setUnfencedChanges(unfencedChanges);
        }
        offers.forEach((service, offered) ->
                answer.addServices(ServiceOffer.newBuilder().setName(service).addAllFeatures(offered.features())));
        return answer.build();
    }

    String name() {
        return name;
    }

    String version() {
        return version;
    }

    FenceRules fences() {
        TreeSet<String> services = new TreeSet<>(offers.keySet());
        services.removeIf(service -> !offers.get(service).features().contains(Feature.FEATURE_FENCED));
        return new FenceRules(services, unfencedChanges);
    }

    Refusals refusals() {
        return refusals;
    }

    AnswerMemory memory() {
        return memory;
    }

    Ping ping() {
        return ping;
    }

    Duration callTime() {
        return callTime;
    }

    int callsMax() {
        return callsMax;
    }

    int messageBytesMax() {
        return messageBytesMax;
    }
}
