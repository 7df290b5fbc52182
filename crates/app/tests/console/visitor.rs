//! The console without a browser: requests of a program that follows none of a browser's rules.

use reqwest::{Client, RequestBuilder, Response, header, redirect::Policy};

/// A visitor with the cookie and the form's token that the service gave it.
pub(crate) struct Visitor {
    http: Client,
    base: String,
    pub(crate) cookie: String,
    pub(crate) form: String,
}

impl Visitor {
    /// Has seen the page for signing in.
    pub(crate) async fn new(base: &str) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none());
        let mut visitor = Self {
            http: http.build().unwrap(),
            base: base.to_owned(),
            cookie: String::new(),
            form: String::new(),
        };
        let page = visitor.get("/console/sign-in").send().await.unwrap();
        visitor.keep(&page);
        visitor.form = form_token(&page.text().await.unwrap());
        visitor
    }

    /// Has signed in.
    pub(crate) async fn signed_in(base: &str, secret: &str) -> Self {
        let mut visitor = Self::new(base).await;
        let answer = visitor.sign_in(secret).await;
        assert_eq!(answer.status(), 303);
        visitor.keep(&answer);
        let page = visitor.get("/console").send().await.unwrap();
        assert_eq!(page.status(), 200);
        visitor.form = form_token(&page.text().await.unwrap());
        visitor
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        let request = self.http.get(format!("{}{path}", self.base));
        request.header(header::COOKIE, &self.cookie)
    }

    /// Sends a form; the form's own token comes on top.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let own = ("form", self.form.as_str());
        let pairs = fields.iter().chain([&own]);
        let body: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = self.http.post(format!("{}{path}", self.base));
        request
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.join("&"))
    }

    pub(crate) async fn sign_in(&self, secret: &str) -> Response {
        let sent = self.post("/console/sign-in", &[("token", secret)]).send();
        sent.await.unwrap()
    }

    fn keep(&mut self, answer: &Response) {
        if let Some(set) = answer.headers().get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            pair.clone_into(&mut self.cookie);
        }
    }
}

/// The token that the forms of a page carry.
pub(crate) fn form_token(page: &str) -> String {
    let rest = page.split("name=\"form\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}
