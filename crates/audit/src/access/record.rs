//! A CloudTrail record, read leniently.

use serde_json::Value;

/// A record. Whatever is missing, null or of another type is absent.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a>(&'a Value);

impl<'a> Record<'a> {
    /// A record of a log file.
    pub const fn new(value: &'a Value) -> Self {
        Self(value)
    }

    fn text_at(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The service, without `.amazonaws.com`.
    pub fn service(self) -> Option<&'a str> {
        self.text_at("/eventSource").map(|source| source.strip_suffix(".amazonaws.com").unwrap_or(source))
    }

    /// The operation, as CloudTrail names it: not always the API's name.
    pub fn name(self) -> &'a str {
        self.text_at("/eventName").unwrap_or_default()
    }

    /// The id by which duplicates are told.
    pub fn event_id(self) -> Option<&'a str> {
        self.text_at("/eventID")
    }

    /// When it happened.
    pub fn time(self) -> Option<&'a str> {
        self.text_at("/eventTime")
    }

    /// The request's id, which the caller saw too.
    pub fn request_id(self) -> Option<&'a str> {
        self.text_at("/requestID")
    }

    /// Why it was refused, if it was.
    pub fn error_code(self) -> Option<&'a str> {
        self.text_at("/errorCode")
    }

    /// The account that got this copy of the record: the owner of what was touched.
    pub fn recipient_account(self) -> Option<&'a str> {
        self.text_at("/recipientAccountId")
    }

    /// A member of `userIdentity`.
    pub fn identity(self, pointer: &str) -> Option<&'a str> {
        self.0.get("userIdentity")?.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A member of `requestParameters`.
    pub fn parameter(self, name: &str) -> Option<&'a Value> {
        self.0.get("requestParameters")?.get(name).filter(|value| !value.is_null())
    }

    /// A member of `requestParameters` that is text.
    pub fn text_parameter(self, name: &str) -> Option<&'a str> {
        self.parameter(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The ARNs of what was touched.
    pub fn resources(self) -> impl Iterator<Item = &'a str> {
        let all = self.0.get("resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|one| one.get("ARN").or_else(|| one.get("arn"))?.as_str())
    }

    /// The VPC endpoint that it came through.
    pub fn vpc_endpoint(self) -> Option<&'a str> {
        self.text_at("/vpcEndpointId")
    }

    /// The TLS version, if the connection had one that is told.
    pub fn tls_version(self) -> Option<&'a str> {
        self.text_at("/tlsDetails/tlsVersion")
    }

    /// Whether the record speaks of encryption in transit in any way.
    pub fn has_tls(self) -> bool {
        let ciphers = ["/tlsDetails/tlsVersion", "/tlsDetails/cipherSuite", "/additionalEventData/CipherSuite"];
        ciphers.into_iter().any(|pointer| self.text_at(pointer).is_some())
    }

    /// Whether the signature stood in the URL.
    pub fn is_presigned(self) -> bool {
        self.text_at("/additionalEventData/AuthenticationMethod") == Some("QueryString")
    }

    /// Whether the caller's credentials came from a session in the console.
    pub fn is_from_console(self) -> bool {
        match self.0.get("sessionCredentialFromConsole") {
            Some(Value::Bool(from_console)) => *from_console,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// Where it came from: an address, a service's name, or `AWS Internal`.
    pub fn source(self) -> Option<&'a str> {
        self.text_at("/sourceIPAddress")
    }
}
