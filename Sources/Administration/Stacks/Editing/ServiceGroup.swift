/// Services that people take for one: whoever enables the one means the other as well.
struct ServiceGroup: Equatable {
    /// As it is called.
    let name: String
    /// The services, the one that it is called after first.
    let services: [String]

    init(_ service: ServiceName) {
        let pairs = [["sudo", "sudo-i"], ["su", "su-l"]]
        services = pairs.first { $0.contains(service.text) } ?? [service.text]
        name = services[0]
    }
}
