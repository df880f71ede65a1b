package import Authentication

extension TOTPModule {
    /// Of the device that the code was spent on: the step that it is of, less the present one.
    package func offset(after devices: Devices, at now: Moment) -> Int64? {
        guard let index = devices.changed.min(), devices.devices.indices.contains(index) else { return nil }
        let step = devices.devices[index].state
        let present = try? devices.withPayload(of: index) { (payload) throws(InvalidAuth) in
            guard let parameters = TOTPParameters(payload: payload) else { throw .unavailable }
            return parameters.step(at: now.wall)
        }
        return present.map { step - $0 }
    }
}
