package com.everruns.mortise.kit;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Where an adapter listens: HOST:PORT or unix:PATH. */
final class Address {
    private static final String UNIX = "unix:";

    /** Netty warns of every connection that a unix socket has no keep-alive. Held, or its level is lost. */
    private static final Logger BOOTSTRAP = Logger.getLogger("io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap");

    private Address() {}

    /** A server for an address. The file of a unix socket that nothing listens on is removed first. */
    static NettyServerBuilder server(String address, ServerCredentials credentials, EventLoopGroup loops)
            throws IOException {
        if (!address.startsWith(UNIX)) {
            return NettyServerBuilder.forAddress(tcp(address), credentials)
                    .channelType(Threads.HAS_EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                    .bossEventLoopGroup(loops)
                    .workerEventLoopGroup(loops);
        }
        String path = address.substring(UNIX.length());
        Path file = Path.of(path.startsWith("//") ? path.substring(2) : path);
        UnixDomainSocketAddress socket = UnixDomainSocketAddress.of(file);
        removeStale(file, socket);
        BOOTSTRAP.setLevel(Level.SEVERE);
        SocketAddress bound = Threads.HAS_EPOLL ? new DomainSocketAddress(file.toFile()) : socket;
        return NettyServerBuilder.forAddress(bound, credentials)
                .channelType(
                        Threads.HAS_EPOLL ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class)
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops);
    }

    private static InetSocketAddress tcp(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        try {
            String host = address.substring(0, Math.max(colon, 0)).replaceAll("^\\[|]$", "");
            int port = Integer.parseInt(address.substring(colon + 1));
            return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
        } catch (IllegalArgumentException malformed) {
            throw new IOException("cannot listen on '" + address + "'; give HOST:PORT or unix:PATH");
        }
    }

    private static void removeStale(Path file, UnixDomainSocketAddress socket) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new IOException(file + " is there and is no socket; move it or listen elsewhere");
        }
        try (SocketChannel other = SocketChannel.open(socket)) {
            throw new IOException("another process listens on " + UNIX + other.getRemoteAddress());
        } catch (ConnectException stale) {
            Files.delete(file);
        }
    }

    static String shown(SocketAddress address) {
        return address instanceof InetSocketAddress tcp
                ? "http://"
                        + (tcp.getHostString().contains(":") ? "[" + tcp.getHostString() + "]" : tcp.getHostString())
                        + ":" + tcp.getPort()
                : UNIX + address;
    }
}
