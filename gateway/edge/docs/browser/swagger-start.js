window.SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#app',
  deepLinking: true,
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
});
