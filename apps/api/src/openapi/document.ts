import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { BEARER, completeDocument } from './complete-document.js';
import { DESCRIPTION } from './description.js';
import { DOCS_PAGE_SCRIPT, serveDocsPageScript, serveOnlyNeededFiles } from './docs-files.js';
import { serveLlmsText } from './llms-text.js';
import { toOpenApi30 } from './older-document.js';
import { routeFacts } from './route-facts.js';

/** The description of the whole API, OpenAPI 3.1. */
export function createDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Gemini Chat Backend')
    .setDescription(DESCRIPTION)
    .setVersion('0.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The `accessToken` of a login.' },
      BEARER,
    )
    .addTag('Auth', 'Sign up, log in with a one-time code, keep and end sessions.')
    .addTag('Account', "The user's own account.")
    .addTag('Chatrooms', 'Rooms, and search through them.')
    .addTag('Messages', 'Sending, and following, stopping and repeating replies.')
    .addTag('Sharing', 'Links by which others read a conversation.')
    .addTag('Files', 'Pictures, PDFs, texts and sounds for messages.')
    .addTag('Plans', 'Plans and models on offer.')
    .addTag('Subscription', 'Plan, quota, and paying with Stripe.')
    .addTag('Operations', 'What probes and load balancers ask.')
    .build();
  return completeDocument(SwaggerModule.createDocument(app, config), routeFacts(app));
}

/**
 * Serves the description at `/openapi.json` and `/openapi-3.0.json`, Swagger UI at `/docs` from files of our own, and a summary at
 * `/llms.txt`.
 */
export function setUpDocs(app: NestFastifyApplication): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  serveOnlyNeededFiles(fastify);
  serveDocsPageScript(fastify);
  serveLlmsText(fastify);
  // The document is made when it is first asked for: most processes are never asked.
  let document: OpenAPIObject | undefined;
  const getDocument = () => (document ??= createDocument(app));
  SwaggerModule.setup('docs', app, getDocument, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Gemini Chat Backend',
    customJs: DOCS_PAGE_SCRIPT,
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true, persistAuthorization: true },
  });
  let older: OpenAPIObject | undefined;
  fastify.get('/openapi-3.0.json', () => (older ??= toOpenApi30(getDocument())));
}
