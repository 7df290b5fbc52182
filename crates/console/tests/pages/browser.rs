//! The part of a browser that these tests need: it keeps its cookie, follows no redirect by itself,
//! and sends the forms that it got.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use countersign_http::ApiService;
use http_body_util::BodyExt;
use tower::ServiceExt;

pub(crate) struct Browser {
    surface: ApiService,
    peer: SocketAddr,
    /// As it is sent: `name=value`.
    pub(crate) cookie: Option<String>,
    /// The token of the form on the page that was seen last.
    form: String,
    /// Further headers of each request.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// Where it leads to.
    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location.map_or("", |location| location.to_str().unwrap())
    }

    pub(crate) fn has(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// What stands behind the first of these words, up to a mark.
    pub(crate) fn after(&self, words: &str, mark: char) -> Option<&str> {
        let (_, rest) = self.text.split_once(words)?;
        rest.split(mark).next()
    }
}

impl Browser {
    pub(crate) fn new(surface: ApiService, peer: SocketAddr) -> Self {
        Self {
            surface,
            peer,
            cookie: None,
            form: String::new(),
            headers: Vec::new(),
        }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Page {
        self.send("GET", target, None).await
    }

    /// Sends a form with the token of the page that was seen last.
    pub(crate) async fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("form", &self.form);
        form.extend_pairs(fields);
        self.send("POST", target, Some(form.finish())).await
    }

    /// The same with values that were put together.
    pub(crate) async fn post_made(&mut self, target: &str, fields: &[(&str, String)]) -> Page {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.post(target, &fields).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post_raw(&mut self, target: &str, body: &str) -> Page {
        self.send("POST", target, Some(body.to_owned())).await
    }

    pub(crate) async fn sign_in(&mut self, secret: &str) -> Page {
        self.get("/console/sign-in").await;
        let page = self.post("/console/sign-in", &[("token", secret)]).await;
        assert_eq!(page.status, 303, "{}", page.text);
        page
    }

    pub(crate) async fn send(&mut self, method: &str, target: &str, form: Option<String>) -> Page {
        let mut request = Request::builder().method(method).uri(target);
        request = request.header(header::HOST, "tokens.example.com");
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if form.is_some() {
            let kind = "application/x-www-form-urlencoded";
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let body = form.map_or_else(Body::empty, Body::from);
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let response = self.surface.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        for set in head.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let page = Page {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        if let Some(token) = page.after("name=\"form\" value=\"", '"') {
            token.clone_into(&mut self.form);
        }
        page
    }
}
