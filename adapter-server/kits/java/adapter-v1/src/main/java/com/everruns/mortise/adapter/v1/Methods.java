package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServiceDescriptor;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.protobuf.ProtoServiceDescriptorSupplier;
import io.grpc.protobuf.ProtoUtils;

/** Makes the methods of gRPC from the descriptors of the contract. */
public final class Methods {
    private Methods() {}

    /** The method of a service. */
    public static <Q extends Message, A extends Message> MethodDescriptor<Q, A> of(
            Descriptors.ServiceDescriptor service, String name, Q request, A answer) {
        Descriptors.MethodDescriptor method = service.findMethodByName(name);
        return MethodDescriptor.<Q, A>newBuilder()
                .setType(type(method))
                .setFullMethodName(MethodDescriptor.generateFullMethodName(service.getFullName(), name))
                .setRequestMarshaller(ProtoUtils.marshaller(request))
                .setResponseMarshaller(ProtoUtils.marshaller(answer))
                .setSchemaDescriptor(new OfMethod(method))
                .build();
    }

    /** A service with all its methods. */
    public static ServiceDescriptor service(Descriptors.ServiceDescriptor service, MethodDescriptor<?, ?>... methods) {
        ServiceDescriptor.Builder built = ServiceDescriptor.newBuilder(service.getFullName());
        for (MethodDescriptor<?, ?> method : methods) {
            built.addMethod(method);
        }
        return built.setSchemaDescriptor(new OfService(service)).build();
    }

    private static MethodType type(Descriptors.MethodDescriptor method) {
        if (method.isClientStreaming()) {
            return method.isServerStreaming() ? MethodType.BIDI_STREAMING : MethodType.CLIENT_STREAMING;
        }
        return method.isServerStreaming() ? MethodType.SERVER_STREAMING : MethodType.UNARY;
    }

    private record OfMethod(Descriptors.MethodDescriptor method) implements ProtoMethodDescriptorSupplier {
        @Override
        public Descriptors.MethodDescriptor getMethodDescriptor() {
            return method;
        }

        @Override
        public Descriptors.ServiceDescriptor getServiceDescriptor() {
            return method.getService();
        }

        @Override
        public Descriptors.FileDescriptor getFileDescriptor() {
            return method.getFile();
        }
    }

    private record OfService(Descriptors.ServiceDescriptor service)
            implements ProtoServiceDescriptorSupplier, ProtoFileDescriptorSupplier {
        @Override
        public Descriptors.ServiceDescriptor getServiceDescriptor() {
            return service;
        }

        @Override
        public Descriptors.FileDescriptor getFileDescriptor() {
            return service.getFile();
        }
    }
}
